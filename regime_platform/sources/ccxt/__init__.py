"""Source ccxt: candles of crypto exchanges through the library of that name, without a key."""
