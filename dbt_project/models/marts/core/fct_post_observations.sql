{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

select
    post_uid,
    posted_date,
    observed_at,
    likes,
    comments,
    shares,
    collects,
    views,
    counts_are_floor,
    source,
    crawl_id
from {{ ref("int_posts__observed") }}
where {{ in_window("posted_date") }}
