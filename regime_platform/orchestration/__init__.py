"""WORLD: the only room that knows Dagster. It rings ``pipeline/`` and carries nothing itself."""
