"""What followed each bucket and each regime: returns, absolute moves and drawdowns."""
