"""I/O, stage 4: writes the manifests."""
