"""PURE: the rules of the gate, by what they look at."""
