"""What the trials of a study measured, read from the run folder into tidy frames."""
