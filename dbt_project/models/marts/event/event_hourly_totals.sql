-- Null if a platform has no number, as in event_daily_totals.
select
    topic_id,
    posted_hour,
    case when count(*) = count(volume) then cast(sum(volume) as bigint) end as volume,
    case when count(*) = count(interactions) then cast(sum(interactions) as bigint) end as interactions
from {{ ref("event_hourly") }}
group by topic_id, posted_hour
