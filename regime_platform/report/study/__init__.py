"""The page of a study: what it concludes, pictures, tables."""
