"""Spiders: one module per platform, and what they share.

Each platform's spider is a CrawlingSpider (crawl.py), which is a PlatformSpider (platform_spider.py), which is a
FetchingSpider (fetching.py).
"""
