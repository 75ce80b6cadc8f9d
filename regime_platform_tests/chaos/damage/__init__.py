"""Damage to the files of a store, and what every reader answers then."""
