{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

select
    platform,
    target,
    query,
    filters,
    ordering,
    posted_date,
    slice_start,
    slice_end,
    state,
    reason,
    pages,
    declared_total,
    posts_seen,
    posts_kept,
    cap_hit,
    kept_ids,
    observed_at,
    crawl_id
from {{ ref("stg_crawls__slices") }}
