{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "daily_volume"}}}) }}

-- A day with posts that were not read by the topic's rules of today is not complete, and has no number at all if its
-- posts were read by other rules.
select
    volumes.topic_id,
    volumes.platform,
    volumes.posted_date,
    volumes.volume,
    volumes.is_complete
from {{ ref("daily_volume") }} as volumes
inner join {{ ref("topic_days") }} as days
    on
        volumes.topic_id = days.topic_id
        and volumes.platform = days.platform
        and volumes.posted_date = days.posted_date
where days.has_unread_posts and (volumes.is_complete or (not days.is_read and volumes.volume is not null))
