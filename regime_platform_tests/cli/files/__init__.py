"""`regime files`."""
