{%- set counts = ["likes", "comments", "shares", "collects"] -%}

with observations as (
    select
        counted.topic_id,
        counted.platform,
        counted.post_uid,
        observed.observed_at,
        observed.crawl_id,
        {{ china_date("observed.observed_at") }} as observed_date,
        observed.likes,
        observed.comments,
        observed.shares,
        observed.collects
    from {{ ref("fct_post_observations") }} as observed
    inner join {{ ref("topic_posts") }} as counted on observed.post_uid = counted.post_uid
    where observed.observed_at <= {{ as_of() }}
),

-- A count that an observation does not show keeps its last value.
filled as (
    select
        {%- for count in counts %}
        {{ last_shown(count) }} over (
            partition by topic_id, post_uid order by observed_at, crawl_id rows unbounded preceding
        ) as {{ count }},
        {%- endfor %}
        topic_id,
        platform,
        post_uid,
        observed_at,
        crawl_id,
        observed_date
    from observations
),

grown as (
    select
        filled.topic_id,
        filled.platform,
        filled.post_uid,
        filled.observed_at,
        filled.crawl_id,
        filled.observed_date,
        {{ interactions("filled", "platforms") }} as interactions
    from filled
    inner join {{ ref("dim_platforms") }} as platforms on filled.platform = platforms.platform
),

growth as (
    select
        topic_id,
        platform,
        observed_date,
        interactions - coalesce(
            lag(interactions) over (partition by topic_id, post_uid order by observed_at, crawl_id), 0
        ) as interactions
    from grown
),

observed_days as (
    select
        topic_id,
        platform,
        observed_date,
        cast(sum(interactions) as bigint) as observed_interactions
    from growth
    group by topic_id, platform, observed_date
),

days as (
    select distinct
        topic_id,
        posted_date
    from {{ ref("topic_days") }}
),

-- The last phase that overlaps the day.
phases_of_days as (
    select
        days.topic_id,
        days.posted_date,
        phases.phase,
        phases.is_censored,
        row_number() over (partition by days.topic_id, days.posted_date order by phases.started_at desc) as place
    from days
    inner join {{ ref("topic_phases") }} as phases
        on
            days.topic_id = phases.topic_id
            and {{ china_midnight("days.posted_date") }} + interval '24' hour > phases.started_at
            and {{ china_midnight("days.posted_date") }} < phases.ended_at
)

select
    volumes.topic_id,
    volumes.platform,
    volumes.posted_date,
    volumes.volume,
    volumes.distinct_volume,
    interactions.interactions,
    interactions.interactions_is_floor,
    observed_days.observed_interactions,
    interactions.mature_share,
    cast(sum(volumes.volume) over so_far as bigint) as cumulative_volume,
    lead(volumes.volume) over (partition by volumes.topic_id, volumes.platform order by volumes.posted_date)
    < min(volumes.volume) over so_far as next_day_is_new_low,
    volumes.is_complete,
    phases_of_days.phase,
    phases_of_days.is_censored as phase_is_censored
from {{ ref("daily_volume") }} as volumes
inner join {{ ref("daily_interaction") }} as interactions
    on
        volumes.topic_id = interactions.topic_id
        and volumes.platform = interactions.platform
        and volumes.posted_date = interactions.posted_date
left join observed_days
    on
        volumes.topic_id = observed_days.topic_id
        and volumes.platform = observed_days.platform
        and volumes.posted_date = observed_days.observed_date
left join phases_of_days
    on
        volumes.topic_id = phases_of_days.topic_id
        and volumes.posted_date = phases_of_days.posted_date
        and phases_of_days.place = 1
window so_far as (
    partition by volumes.topic_id, volumes.platform order by volumes.posted_date rows unbounded preceding
)
