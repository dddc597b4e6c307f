"""Collects data: spiders, parsers and importers.

Code here knows the platforms, and nothing about Dagster, dbt or metrics.
"""
