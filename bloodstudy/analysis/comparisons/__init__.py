"""Each arm against its reference: effects, validity, verdicts, and the answer to the whole study."""
