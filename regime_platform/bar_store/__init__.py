"""WORLD: bars on disk: the append-only raw log and the canonical store, under one writer's lock."""
