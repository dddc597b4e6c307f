{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "event_phases"}}}) }}

-- Posts, hours, days and phases of a topic add up to the topic's total, in posts and in interactions.
{%- set tables = ["event_hourly", "event_daily", "event_phases"] %}

with sums as (
    {%- for table in tables %}
    select
        '{{ table }}' as summed,
        topic_id,
        sum(volume) as volume,
        sum(interactions) as interactions
    from {{ ref(table) }}
    group by topic_id
    union all
    {%- endfor %}
    select
        'event_posts' as summed,
        topic_id,
        count(*) as volume,
        sum(interactions) as interactions
    from {{ ref("event_posts") }}
    group by topic_id
)

select
    totals.topic_id,
    totals.volume,
    totals.interactions,
    sums.summed,
    sums.volume as volume_of_sum,
    sums.interactions as interactions_of_sum
from {{ ref("event_totals") }} as totals
left join sums on totals.topic_id = sums.topic_id
where
    coalesce(totals.volume, 0) <> coalesce(sums.volume, 0)
    or coalesce(totals.interactions, 0) <> coalesce(sums.interactions, 0)
