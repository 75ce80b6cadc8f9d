"""PURE: the rules of the gate, by what they compare a bar with."""
