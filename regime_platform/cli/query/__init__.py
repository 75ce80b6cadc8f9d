"""Commands that answer questions about results."""
