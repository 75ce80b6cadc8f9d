"""I/O: compares stored results with those of the legacy engine."""
