"""I/O: the only package that uses Dagster's private parts: state, storage, processes."""
