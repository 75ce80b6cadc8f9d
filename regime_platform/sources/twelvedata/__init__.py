"""I/O: bars from Twelve Data over HTTP."""
