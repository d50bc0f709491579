"""Estimates, intervals, tests and power: numbers in, numbers out, no file and no study."""
