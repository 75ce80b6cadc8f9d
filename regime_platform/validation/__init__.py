"""PURE: rules, findings and verdict of the gate."""
