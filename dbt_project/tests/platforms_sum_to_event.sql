{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "event_platforms"}}}) }}

-- The platforms of a topic add up to the topic's total, in posts and in interactions.
with platforms as (
    select
        topic_id,
        sum(volume) as volume,
        sum(interactions) as interactions
    from {{ ref("event_platforms") }}
    group by topic_id
)

select
    totals.topic_id,
    totals.volume,
    totals.interactions,
    platforms.volume as volume_of_platforms,
    platforms.interactions as interactions_of_platforms
from {{ ref("event_totals") }} as totals
left join platforms on totals.topic_id = platforms.topic_id
where {{ differs_from_total("platforms") }}
