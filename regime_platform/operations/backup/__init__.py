"""Backup of a data root and its restoration."""
