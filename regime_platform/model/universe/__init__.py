"""PURE: the tracked symbols: the text of universe.yaml, its entries and edits."""
