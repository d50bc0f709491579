"""A study in one file: written, opened warily, restored."""
