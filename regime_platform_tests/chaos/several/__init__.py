"""Two of everything at once."""
