"""I/O: what commands share: screen, options, selection of symbols, clock."""
