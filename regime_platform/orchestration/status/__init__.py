"""I/O: the checks of `regime doctor` and the rows of `regime status`."""
