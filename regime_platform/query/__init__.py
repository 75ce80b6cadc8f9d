"""I/O, read-only: bars, history, state, rank and coverage of computed results."""
