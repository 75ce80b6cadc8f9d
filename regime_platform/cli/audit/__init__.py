"""I/O: commands that verify and repair results, and take snapshots."""
