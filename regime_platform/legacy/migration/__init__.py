"""WORLD: moves the stores of the legacy engine into the raw log, with proof."""
