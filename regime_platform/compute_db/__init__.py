"""WORLD: the results on disk: one DuckDB file per symbol, and the board over all of them."""
