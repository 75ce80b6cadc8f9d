"""Pages and pictures of `docs` that are made from the code, and tests of pages that run."""
