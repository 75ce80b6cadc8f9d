"""The real UI and the pages, clicked through in a headless Chromium."""
