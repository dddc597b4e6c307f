{{
    config(
        materialized="incremental",
        incremental_strategy="replace_window",
        unique_key="post_uid",
        on_schema_change="fail",
    )
}}

{%- set counts = ["likes", "comments", "shares", "collects", "views", "author_followers"] %}

with window_posts as (
    select distinct post_uid
    from {{ ref("int_posts__observed") }}
    where {{ in_window("posted_date") }}
),

in_reach as (
    -- Observations on all days, since the last one decides which day a post belongs to.
    select observed.*
    from {{ ref("int_posts__observed") }} as observed
    inner join window_posts on observed.post_uid = window_posts.post_uid
    where observed.observed_at <= {{ as_of() }}
),

ranked as (
    select
        *,
        {{ last_counts("post_uid", counts) }},
        row_number() over (partition by post_uid order by observed_at desc, crawl_id desc) as recency
    from in_reach
)

select
    post_uid,
    platform,
    post_id,
    post_url,
    post_type,
    posted_at,
    posted_date,
    author_uid,
    author_is_verified,
    {%- for count in counts %}
    last_{{ count }} as {{ count }},
    {%- endfor %}
    {%- for count in counts if count != "author_followers" %}
    {{ "or " if not loop.first }}last_{{ count }}_is_floor{{ " as counts_are_floor," if loop.last }}
    {%- endfor %}
    hashtags,
    ip_location,
    is_repost,
    is_ad,
    source,
    observed_at,
    crawl_id
from ranked
where recency = 1 and {{ in_window("posted_date") }}
