"""WORLD: bars from files that a user supplies."""
