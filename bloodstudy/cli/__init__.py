"""What was typed: Hydra's front end, the arguments of the other commands, and the terminal."""
