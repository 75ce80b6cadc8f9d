"""Commands for the operator: backup, doctor, eras, overrides, service."""
