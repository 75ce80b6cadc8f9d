"""I/O: Dagster assets, jobs, schedules and sensors; the only package that imports Dagster."""
