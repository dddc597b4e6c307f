"""Downloader middlewares, one class per file."""
