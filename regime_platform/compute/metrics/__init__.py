"""PURE: the eleven regime metrics."""
