"""I/O, read-only: the file formats of the legacy engine."""
