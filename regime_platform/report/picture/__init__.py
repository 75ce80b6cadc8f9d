"""Still pictures of a series as SVG, in every size, and as PNG."""
