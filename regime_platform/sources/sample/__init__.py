"""I/O: the bars that ship with the package, and how they were made."""
