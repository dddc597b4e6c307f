{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "event_sentiment"}}}) }}

-- Shares over posts that several models judged are marked, and have no corrected share unless analysts labelled every
-- post.
with models as (
    select
        topic_id,
        cast(null as varchar) as platform,
        count(distinct sentiment_model) > 1 as is_mixed
    from {{ ref("event_posts") }}
    group by topic_id
    union all
    select
        topic_id,
        platform,
        count(distinct sentiment_model) > 1 as is_mixed
    from {{ ref("event_posts") }}
    group by topic_id, platform
),

shares as (
    select
        topic_id,
        cast(null as varchar) as platform,
        sentiment,
        is_mixed_model,
        corrected_share,
        correction
    from {{ ref("event_sentiment") }}
    union all
    select
        topic_id,
        platform,
        sentiment,
        is_mixed_model,
        corrected_share,
        correction
    from {{ ref("event_platform_sentiment") }}
)

select shares.*
from shares
inner join models
    on shares.topic_id = models.topic_id and shares.platform is not distinct from models.platform
where
    shares.is_mixed_model is distinct from models.is_mixed
    or (shares.is_mixed_model and shares.corrected_share is not null and shares.correction <> 'analyst')
