"""PURE: the gate between what a source said and what compute may read."""
