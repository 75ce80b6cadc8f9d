"""PURE: the words the whole house speaks: timeframes, instruments, sessions, schemas, digests."""
