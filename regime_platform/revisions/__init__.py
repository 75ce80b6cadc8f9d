"""PURE: from the raw log to the bars in force: revisions, splits and price factors."""
