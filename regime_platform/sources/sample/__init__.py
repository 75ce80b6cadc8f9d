"""WORLD: the bars that ship with the package, how they were made, and what is known of them."""
