"""Tests of the index of the report."""
