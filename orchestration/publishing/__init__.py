"""Marts to their readers: pure functions over DuckDB files. Imports no dagster."""
