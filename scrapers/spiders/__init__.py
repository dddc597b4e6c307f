"""Spiders, one per platform: which request comes next, and when to stop."""
