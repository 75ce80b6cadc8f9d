"""PURE: what counts as an event, and whether the signal came before it."""
