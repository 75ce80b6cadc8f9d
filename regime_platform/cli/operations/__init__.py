"""I/O: commands of an operator: backup, doctor, eras, overrides, service."""
