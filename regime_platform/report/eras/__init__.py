"""Charts of eras: the volatility that they are detected in, and where one ends."""
