"""PURE: key levels: supports and resistances (canonical compute, section 6)."""
