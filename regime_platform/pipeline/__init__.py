"""I/O: the stages of a run, called by the command line and by Dagster."""
