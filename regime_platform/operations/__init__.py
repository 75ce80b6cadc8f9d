"""What an operator does with a data root: universe, overrides, eras, backup, compaction."""
