"""Checks whether the printed figures of a report are consistent. Imports no dagster."""
