{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "daily_interaction"}}}) }}

-- Only a complete day can have zero posts; an incomplete day without posts has nulls.
select
    volumes.topic_id,
    volumes.platform,
    volumes.posted_date,
    volumes.volume,
    interactions.interactions
from {{ ref("daily_volume") }} as volumes
inner join {{ ref("daily_interaction") }} as interactions
    on
        volumes.topic_id = interactions.topic_id
        and volumes.platform = interactions.platform
        and volumes.posted_date = interactions.posted_date
where
    (volumes.volume = 0 and not volumes.is_complete)
    or (volumes.volume is null and (volumes.is_complete or interactions.interactions is not null))
