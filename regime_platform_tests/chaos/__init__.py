"""Faults that are done to the real program, a few in every test run and many by `make chaos`.

A part with more than two modules has a folder of its own, so that each stays easy to find.
"""
