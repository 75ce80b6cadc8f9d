"""I/O: charts and HTML pages of promoted bars and stored results; computes no results."""
