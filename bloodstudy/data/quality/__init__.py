"""What is wrong with a data set: duplicates, leaks, contradictions, brightness."""
