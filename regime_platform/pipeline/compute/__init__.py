"""I/O, stage 3: from canonical bars to compute.db."""
