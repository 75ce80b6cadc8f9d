"""The one call path: plain functions that walk a symbol's data through the rooms."""
