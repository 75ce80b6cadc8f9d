"""I/O: the index of the report: all symbols on one page; computes no results."""
