"""PURE: raw log to bars in force: latest versions, splits and price factors."""
