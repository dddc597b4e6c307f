{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "daily_sentiment"}}}) }}

-- The shares of a whole add up to 1, or are all null.
{%- set wholes = [
    ("daily_volume", "volume_share", "topic_id, posted_date"),
    ("daily_interaction", "interaction_share", "topic_id, posted_date"),
    ("daily_sentiment", "volume_share", "topic_id, platform, posted_date"),
    ("daily_sentiment", "interaction_share", "topic_id, platform, posted_date"),
    ("event_platforms", "volume_share", "topic_id"),
    ("event_platforms", "interaction_share", "topic_id"),
    ("event_sentiment", "volume_share", "topic_id"),
    ("event_sentiment", "model_volume_share", "topic_id"),
    ("event_sentiment", "interaction_share", "topic_id"),
    ("event_platform_sentiment", "volume_share", "topic_id, platform"),
    ("event_platform_sentiment", "interaction_share", "topic_id, platform"),
] %}

{%- for table_name, share, columns in wholes %}
{{ "union all" if not loop.first }}
select
    '{{ table_name }}.{{ share }}' as share,
    min(topic_id) as topic_id,
    sum({{ share }}) as total
from {{ ref(table_name) }}
group by {{ columns }}
having abs(sum({{ share }}) - 1) > 0.000001
{%- endfor %}
