{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

{%- set columns = [
    "post_uid", "platform", "post_id", "post_url", "post_type", "posted_at", "posted_date", "author_uid",
    "author_followers", "author_is_verified", "likes", "comments", "shares", "collects", "views", "counts_are_floor",
    "hashtags", "ip_location", "is_repost", "is_ad", "query", "source", "observed_at", "crawl_id",
] %}

with numbered as (
    -- An exported file can contain a post once for each query that found it, all with the same time of observation.
    select
        *,
        row_number() over (
            partition by post_uid, observed_at, crawl_id
            order by posted_date desc, query desc, likes desc, comments desc, shares desc, collects desc
        ) as copy_number
    from {{ ref("int_posts__unioned") }}
)

select {{ columns | join(", ") }}
from numbered
where copy_number = 1
