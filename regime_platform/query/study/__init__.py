"""Studies of what is stored: reads bars and results, and runs a study over symbols."""
