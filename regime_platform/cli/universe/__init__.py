"""Commands that show and change the tracked symbols."""
