"""I/O: commands that show and add files of bars."""
