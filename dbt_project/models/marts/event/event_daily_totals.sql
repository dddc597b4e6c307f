-- Null if a platform has no number: the sum of the other platforms would look like the total.
select
    topic_id,
    posted_date,
    case when count(*) = count(volume) then cast(sum(volume) as bigint) end as volume,
    case when count(*) = count(interactions) then cast(sum(interactions) as bigint) end as interactions,
    cast(sum(observed_interactions) as bigint) as observed_interactions,
    -- The phase is the topic's: the same in all rows of a day.
    max(phase) as phase
from {{ ref("event_daily") }}
group by topic_id, posted_date
