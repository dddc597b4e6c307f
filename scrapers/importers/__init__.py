"""Files that other people's crawlers and vendors wrote, to raw Parquet: ``python -m scrapers.importers SRC [SRC ...]``.

    files.py            finds files, and reads them in batches of text columns: encodings, gzip, CSV, JSON, SQLite, ...
    workbooks.py        Excel files, and what they lose of ids
    columns.py          values of whole columns, read as parsers/values.py reads one
    payload.py          what of a row is kept beside its values, without who wrote it
    kinds.py            what a format module offers: its columns, and its rows to raw rows
    mediacrawler.py, weibo_search.py, weibo_crawler.py, weibo_spider.py, spider_xhs.py, weibo_articles.py
                        one format each
    mapping.py          any other format, by a mapping in YAML that lies beside the file
    run.py              the import: check, read, compare with what is there, land
    inbox.py            what is dropped into data/inbox/, and where it goes from there
    __main__.py         the command and what it prints

A format is known by its columns alone; names of files and folders say nothing. docs/importing.md is for those who have
files to import.
"""
