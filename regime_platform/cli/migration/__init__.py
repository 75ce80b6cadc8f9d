"""Commands that move the stores of the legacy engine in."""
