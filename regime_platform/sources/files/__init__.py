"""I/O: bars from files that a user supplies."""
