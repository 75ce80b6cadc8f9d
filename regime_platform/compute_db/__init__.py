"""I/O: stored results: one DuckDB file per symbol, and the board with the latest of all."""
