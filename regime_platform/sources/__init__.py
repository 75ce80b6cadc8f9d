"""WORLD: where bars come from. One module and one entry in ``registry`` per source."""
