"""What the posts say: pure functions over polars frames. Imports no dagster, does no I/O but loading model weights."""
