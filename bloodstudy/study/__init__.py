"""A study as data: questions, arms, trials, plans, results, and the files that they lie in."""
