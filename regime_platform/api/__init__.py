"""I/O, read-only: the Python API for notebooks: one store, frames, charts."""
