"""I/O: how the bytes, lines, columns and numbers of a file of bars are laid out."""
