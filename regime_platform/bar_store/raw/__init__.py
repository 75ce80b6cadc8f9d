"""I/O: the append-only raw log: every bar as a source served it, every revision kept."""
