"""Stage 4: writes the manifests."""
