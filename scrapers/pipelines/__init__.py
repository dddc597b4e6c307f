"""Item pipelines, one class a file."""
