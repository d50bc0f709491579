"""Which images train, validate and test, and what their classes are called."""
