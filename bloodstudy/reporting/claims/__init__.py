"""The numbers of a report as claims that can be computed again."""
