"""I/O: alerts: which events raise one, and the channels that send it."""
