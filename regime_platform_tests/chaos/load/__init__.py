"""A whole universe, and many cycles of a part of it."""
