"""I/O, stage 1: from a source into the raw log."""
