"""Speed, memory and quality of the pipeline's steps, compared with simpler tools.

Each module is a script (``python -m benchmarks.crawl``) that prints a table and asserts nothing, since the figures
depend on the machine. docs/benchmarks.md has figures, with machine and date.
"""
