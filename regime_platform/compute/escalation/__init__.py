"""PURE: escalation and its percentiles."""
