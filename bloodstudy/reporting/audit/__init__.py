"""The report on a data set."""
