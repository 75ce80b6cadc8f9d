"""I/O: SQL over all symbols: views, and the rebuildable files that they read."""
