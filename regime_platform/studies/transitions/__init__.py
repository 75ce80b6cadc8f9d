"""PURE: how states follow each other, how long they last, and whether that is more than chance."""
