"""Commands, one a file: `arguments(parser)` and `run(chosen)`."""
