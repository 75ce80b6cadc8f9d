"""Files of bars in the dialects of the world, all generated from a few true series."""
