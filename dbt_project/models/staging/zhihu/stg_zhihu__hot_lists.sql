{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

{{ conform_hot_lists(source("raw", "zhihu_hot_lists")) }}
