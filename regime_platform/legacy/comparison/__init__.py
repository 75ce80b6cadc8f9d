"""Compares stored results with those of the legacy engine."""
