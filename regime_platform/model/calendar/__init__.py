"""PURE: when markets trade: sessions, trading hours and when a bar is due."""
