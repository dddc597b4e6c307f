"""Imports files of other crawlers and vendors into raw Parquet. The command is ``tingfeng import``.

    files.py            finds files
    examining.py        recognises a file: its encoding, layout and columns
    reading.py          reads its rows in batches of text columns; CSV in csv_rows.py, JSON in json_records.py
    workbooks.py        Excel files, and ids that lost digits in them
    columns.py          parsers of whole columns, with the results of parsers/values.py
    payload.py          payloads without personal data, and pseudonyms
    kinds.py            what a format module exports: its columns, and its reader
    mediacrawler.py, weibo_search.py, weibo_crawler.py, weibo_spider.py, spider_xhs.py, weibo_articles.py
                        one format each
    mapping.py          any other format, through a YAML mapping beside the file
    run.py              the import: check, read, compare with raw, land
    inbox.py            imports data/inbox/ and moves its files to done or set-aside
    summary.py          the result of an import as lines of text

A format is recognised by its columns alone, not by names of files or folders. docs/importing.md is the user's guide.
"""
