"""Commands that prove results: verify, repair, snapshots."""
