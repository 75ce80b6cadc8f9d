"""I/O: everything about the legacy engine: readers of its files, migration, comparison."""
