"""WORLD, read-only: bars, history, state and coverage of what has been computed; writes nothing."""
