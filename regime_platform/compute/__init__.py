"""PURE: from bars to metrics, regime label and escalation (docs/canonical-compute.md)."""
