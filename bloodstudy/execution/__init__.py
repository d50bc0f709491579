"""A command carried out: planned, launched, watched, recorded and summed up."""
