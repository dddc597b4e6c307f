{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

{{ conform_comments(source("raw", "bilibili_comments")) }}
