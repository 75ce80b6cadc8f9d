"""Faults that are done to the real program, a few in every test run and many by `make chaos`."""
