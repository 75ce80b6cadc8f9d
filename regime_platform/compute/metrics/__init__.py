"""PURE: the regime metrics of a bar (canonical compute, section 5)."""
