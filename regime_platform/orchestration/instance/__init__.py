"""The only place that touches Dagster's private parts: its state, storage and processes."""
