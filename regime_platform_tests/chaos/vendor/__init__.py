"""Vendors whose answers go wrong as a seed decides, and who answer truly in the end."""
