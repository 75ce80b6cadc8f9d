"""PURE: trading sessions and hours of each asset class, and when a bar is due."""
