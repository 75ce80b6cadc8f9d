"""The table of a release: what a snapshot contains, and how two of them differ."""
