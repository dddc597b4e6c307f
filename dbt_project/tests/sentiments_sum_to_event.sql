{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "event_sentiment"}}}) }}

-- The sentiments of a topic add up to the topic's total, in posts and in interactions: over the window, by platform and
-- by day.
with sentiments as (
    select
        'event_sentiment' as measured_in,
        topic_id,
        sum(volume) as volume,
        sum(interactions) as interactions
    from {{ ref("event_sentiment") }}
    group by topic_id
    union all
    select
        'event_platform_sentiment' as measured_in,
        topic_id,
        sum(volume) as volume,
        sum(interactions) as interactions
    from {{ ref("event_platform_sentiment") }}
    group by topic_id
    union all
    select
        'daily_sentiment' as measured_in,
        topic_id,
        sum(volume) as volume,
        sum(interactions) as interactions
    from {{ ref("daily_sentiment") }}
    group by topic_id
)

select
    sentiments.measured_in,
    totals.topic_id,
    totals.volume,
    totals.interactions,
    sentiments.volume as volume_of_sentiments,
    sentiments.interactions as interactions_of_sentiments
from {{ ref("event_totals") }} as totals
inner join sentiments on totals.topic_id = sentiments.topic_id
where {{ differs_from_total("sentiments") }}
