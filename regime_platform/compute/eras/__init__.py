"""PURE: the eras that escalation is ranked in."""
