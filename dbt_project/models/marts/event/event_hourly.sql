with measured as (
    select
        topic_id,
        platform,
        posted_hour,
        count(*) as volume,
        cast(sum(interactions) as bigint) as interactions
    from {{ ref("event_posts") }}
    group by topic_id, platform, posted_hour
),

hours as (
    select
        days.topic_id,
        days.platform,
        days.posted_date,
        days.is_complete,
        {{ hours_after(china_midnight("days.posted_date"), "hours_of_day.hour_of_day") }} as posted_hour
    from {{ ref("topic_days") }} as days
    cross join {{ hours_of_day() }} as hours_of_day
)

select
    hours.topic_id,
    hours.platform,
    hours.posted_hour,
    hours.posted_date,
    {{ zero_if_searched("volume", "hours.is_complete") }} as volume,
    {{ zero_if_searched("interactions", "hours.is_complete") }} as interactions,
    hours.is_complete
from hours
left join measured
    on
        hours.topic_id = measured.topic_id
        and hours.platform = measured.platform
        and hours.posted_hour = measured.posted_hour
