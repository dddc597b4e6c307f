with measured as (
    select
        topic_id,
        platform,
        posted_date,
        sentiment,
        count(*) as volume,
        cast(sum(interactions) as bigint) as interactions
    from {{ ref("int_topics__posts") }}
    group by topic_id, platform, posted_date, sentiment
),

shown as (
    select
        days.topic_id,
        days.platform,
        days.posted_date,
        sentiments.sentiment,
        {{ zero_if_searched("volume", "days.volume is not null") }} as volume,
        {{ zero_if_searched("interactions", "days.volume is not null") }} as interactions,
        days.is_complete
    from {{ ref("daily_volume") }} as days
    cross join {{ sentiments() }} as sentiments
    left join measured
        on
            days.topic_id = measured.topic_id
            and days.platform = measured.platform
            and days.posted_date = measured.posted_date
            and sentiments.sentiment = measured.sentiment
)

select
    topic_id,
    platform,
    posted_date,
    sentiment,
    volume,
    {{ ratio("volume", "sum(volume) over (partition by topic_id, platform, posted_date)") }} as volume_share,
    interactions,
    {{ ratio("interactions", "sum(interactions) over (partition by topic_id, platform, posted_date)") }}
        as interaction_share,
    is_complete
from shown
