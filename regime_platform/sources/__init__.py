"""I/O: sources of bars; one folder and one entry in ``registry`` per source."""
