"""PURE: key levels: supports and resistances."""
