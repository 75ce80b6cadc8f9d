"""I/O: commands that show and change the tracked symbols."""
