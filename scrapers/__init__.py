"""Reaches out: spiders, parsers, importers and the sandbox they are tried against.

Knows platforms. Knows nothing of Dagster, dbt or metrics.
"""
