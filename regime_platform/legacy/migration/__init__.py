"""I/O: imports the stores of the legacy engine into the raw log."""
