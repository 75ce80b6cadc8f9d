"""Kills and full disks: a process that stops at any change of a file, or cannot make it."""
