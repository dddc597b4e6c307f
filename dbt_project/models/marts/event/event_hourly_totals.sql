-- As in event_daily_totals, a number that a platform lacks makes the hour's sum unknown.
select
    topic_id,
    posted_hour,
    case when count(*) = count(volume) then cast(sum(volume) as bigint) end as volume,
    case when count(*) = count(interactions) then cast(sum(interactions) as bigint) end as interactions
from {{ ref("event_hourly") }}
group by topic_id, posted_hour
