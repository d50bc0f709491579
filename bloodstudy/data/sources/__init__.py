"""Where images come from: a module for each data set, which lists its files."""
