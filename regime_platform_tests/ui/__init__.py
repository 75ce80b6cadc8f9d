"""Tests of Dagster's UI and of the pages in a headless Chromium."""
