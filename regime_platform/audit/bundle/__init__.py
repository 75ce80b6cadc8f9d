"""A snapshot with its files in one archive that proves itself elsewhere."""
