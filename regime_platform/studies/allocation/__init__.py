"""PURE: exposure by the signal against holding, and against the same exposure at all times."""
