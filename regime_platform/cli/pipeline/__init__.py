"""Commands of the pipeline: fetch, validate, run, status."""
