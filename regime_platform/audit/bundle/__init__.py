"""I/O: a snapshot with its files in one archive that can be verified elsewhere."""
