"""The schemas of the raw and enriched tables: columns, types and their meaning."""
