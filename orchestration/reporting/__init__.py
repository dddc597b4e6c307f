"""Marts to people: pure functions that read a served snapshot. Imports no dagster."""
