"""The figures that several parts of a report share, and their style."""
