"""Publishes the marts: the served snapshot, the manifests of publications, and marts as of a past moment.

Writes only into data/serving/, data/publications/ and data/as_of/. Imports no dagster.
"""
