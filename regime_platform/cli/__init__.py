"""I/O: the `regime` command: parse arguments, call another package, print."""
