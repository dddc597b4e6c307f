{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

with slices as (
    select * from {{ ref("stg_crawls__slices") }}
    where {{ in_window("posted_date") }}
),

answered_queries as (
    {{ answered_queries("slices") }}
),

found as (
    select
        platform,
        query,
        posted_date,
        crawl_id,
        observed_at,
        {{ each_of("kept_ids") }} as post_id
    from slices
    where target = 'search'
),

found_by_queries as (
    select distinct
        platform,
        posted_date,
        post_id,
        query
    from found
),

sightings as (
    select
        platform,
        post_id,
        observed_at
    from found
    union all
    -- Later sightings by imports, and on other days, if a corrected parser reads the post's time differently.
    select
        observed.platform,
        observed.post_id,
        observed.observed_at
    from {{ ref("int_posts__observed") }} as observed
    inner join found_by_queries
        on observed.platform = found_by_queries.platform and observed.post_id = found_by_queries.post_id
),

last_sightings as (
    select
        platform,
        post_id,
        max(observed_at) as observed_at
    from sightings
    group by platform, post_id
),

-- A crawl can find a post by one query and, an instant later, no longer by another.
missed as (
    select
        found_by_queries.platform,
        found_by_queries.posted_date,
        found_by_queries.post_id,
        min(answered_queries.answered_at) as gone_since
    from found_by_queries
    inner join last_sightings
        on
            found_by_queries.platform = last_sightings.platform
            and found_by_queries.post_id = last_sightings.post_id
    inner join answered_queries
        on
            found_by_queries.platform = answered_queries.platform
            and found_by_queries.posted_date = answered_queries.posted_date
            and found_by_queries.query = answered_queries.query
            and last_sightings.observed_at < answered_queries.answered_at
    left join found
        on
            found_by_queries.platform = found.platform
            and found_by_queries.posted_date = found.posted_date
            and found_by_queries.post_id = found.post_id
            and answered_queries.crawl_id = found.crawl_id
    where found.post_id is null
    group by found_by_queries.platform, found_by_queries.posted_date, found_by_queries.post_id
)

select
    platform || ':' || post_id as post_uid,
    posted_date,
    gone_since
from missed
