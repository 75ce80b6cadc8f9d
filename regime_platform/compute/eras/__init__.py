"""PURE: eras, within which escalation is ranked (canonical compute, sections 10 and 14)."""
