"""PURE: escalation and its percentiles (canonical compute, sections 8 to 11)."""
