{{ config(severity="warn", meta={"dagster": {"ref": {"name": "daily_volume"}}}) }}

-- A topic's volume on a platform is less than half of the median of the fortnight before, although the day is complete,
-- and the topic's other platforms have not fallen alike: the search may show less than before. At least 7 complete days
-- before, with a median of at least 20 posts.
with volumes as (
    select
        topic_id,
        platform,
        posted_date,
        volume,
        sum(volume) over (partition by topic_id, posted_date) - volume as volume_of_others
    from {{ ref("daily_volume") }}
    where is_complete
),

compared as (
    select
        days.topic_id,
        days.platform,
        days.posted_date,
        days.volume,
        days.volume_of_others,
        percentile_cont(0.5) within group (order by earlier.volume) as usual_volume,
        percentile_cont(0.5) within group (order by earlier.volume_of_others) as usual_volume_of_others
    from volumes as days
    inner join volumes as earlier
        on
            days.topic_id = earlier.topic_id
            and days.platform = earlier.platform
            and {{ in_fortnight_before("earlier.posted_date", "days.posted_date") }}
    group by days.topic_id, days.platform, days.posted_date, days.volume, days.volume_of_others
    having count(*) >= 7
)

select *
from compared
where
    usual_volume >= 20
    and volume < usual_volume / 2
    -- In proportion to the other platforms too, unless there are none.
    and (
        usual_volume_of_others = 0
        or volume * usual_volume_of_others < usual_volume / 2 * volume_of_others
    )
