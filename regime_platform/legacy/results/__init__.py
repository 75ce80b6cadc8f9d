"""I/O: results of version 1, read into the current tables and written in the legacy tables."""
