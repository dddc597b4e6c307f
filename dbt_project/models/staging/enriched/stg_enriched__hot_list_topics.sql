{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

select
    platform,
    word,
    cast(day as date) as observed_date,
    topic_id,
    matched_by,
    is_match,
    landed_file
from {{ new_rows(source("enriched", "hot_list_topics")) }}
