"""I/O: commands of the pipeline: fetch, validate, run, status."""
