"""A model of what a symbol's bars must be, and the commands that are compared with it."""
