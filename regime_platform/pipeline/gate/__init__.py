"""I/O, stage 2: validates the raw log and promotes canonical bars."""
