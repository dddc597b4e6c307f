"""How fast and how well the stations do what they do, beside the simplest other way of doing it.

Each module is run by itself (``python -m benchmarks.crawl``), prints a table, and asserts nothing: times are the
machine's. What was measured, where and when stands in docs/benchmarks.md.
"""
