"""I/O: what an operator changes: universe, overrides, eras, backup, export."""
