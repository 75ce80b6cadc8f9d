"""Recomputes every digest of a symbol and compares it with what the manifests declare."""
