"""PURE: the manifests: what is held, what it was made from, and the digests that prove it."""
