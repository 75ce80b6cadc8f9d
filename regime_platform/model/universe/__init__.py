"""PURE: the tracked symbols: the file that lists them, its entries and its edits."""
