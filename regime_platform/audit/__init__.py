"""I/O: verification, repair, past answers, snapshots and bundles."""
