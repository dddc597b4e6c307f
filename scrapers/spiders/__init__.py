"""Spiders, one a platform: which request next, and when to stop."""
