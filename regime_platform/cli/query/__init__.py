"""I/O: commands that answer questions about results."""
