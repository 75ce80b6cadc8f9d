"""Alerts: which events raise one, and the channels they go out by."""
