"""PURE: studies of the stored signal, and whether it warned of anything.

All figures describe the past. Nothing here is part of the canonical compute, and no stored table
depends on it.
"""
