"""WORLD: bars from Twelve Data over HTTP."""
