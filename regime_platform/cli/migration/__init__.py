"""I/O: commands that import the stores of the legacy engine."""
