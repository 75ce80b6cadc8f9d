"""Market data straight into Parquet, gated, and one canonical regime compute per symbol."""
