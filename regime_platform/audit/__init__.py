"""Proves, repairs and reproduces what is stored."""
