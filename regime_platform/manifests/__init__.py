"""PURE: manifests: what is stored, what it was made from, and the digests that prove it."""
