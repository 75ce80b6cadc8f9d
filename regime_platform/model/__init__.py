"""PURE: values that every package uses: timeframes, instruments, calendar, schemas, digests."""
