{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "daily_volume"}}}) }}

-- The days of a topic add up to the topic's total, in posts and in interactions.
with days as (
    select
        volumes.topic_id,
        sum(volumes.volume) as volume,
        sum(interactions.interactions) as interactions
    from {{ ref("daily_volume") }} as volumes
    inner join {{ ref("daily_interaction") }} as interactions
        on
            volumes.topic_id = interactions.topic_id
            and volumes.platform = interactions.platform
            and volumes.posted_date = interactions.posted_date
    group by volumes.topic_id
)

select
    totals.topic_id,
    totals.volume,
    totals.interactions,
    days.volume as volume_of_days,
    days.interactions as interactions_of_days
from {{ ref("event_totals") }} as totals
left join days on totals.topic_id = days.topic_id
where {{ differs_from_total("days") }}
