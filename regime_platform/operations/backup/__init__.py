"""I/O: backup of a data root and its restoration."""
