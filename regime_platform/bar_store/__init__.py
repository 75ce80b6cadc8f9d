"""I/O: bars on disk: raw log, canonical bars, verdict and overrides; one writer per symbol."""
