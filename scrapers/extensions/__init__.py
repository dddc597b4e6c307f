"""Scrapy extensions, one class per file."""
