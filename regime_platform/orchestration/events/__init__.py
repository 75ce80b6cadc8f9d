"""Dagster events: materialisations, checks and their metadata."""
