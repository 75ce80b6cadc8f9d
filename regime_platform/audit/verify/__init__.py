"""I/O: recomputes every digest of a symbol and compares it with the manifests."""
