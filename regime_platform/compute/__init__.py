"""PURE: bars in, regime and escalation out; no clock, no files but the kernels' own store."""
