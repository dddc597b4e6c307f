with measured as (
    select
        topic_id,
        platform,
        sentiment,
        count(*) as volume,
        cast(sum(interactions) as bigint) as interactions
    from {{ ref("int_topics__posts") }}
    group by topic_id, platform, sentiment
),

shown as (
    select
        platforms.topic_id,
        platforms.platform,
        sentiments.sentiment,
        platforms.distinct_volume,
        {{ zero_if_searched("volume", "platforms.volume is not null") }} as volume,
        {{ zero_if_searched("interactions", "platforms.volume is not null") }} as interactions,
        platforms.is_complete
    from {{ ref("event_platforms") }} as platforms
    cross join {{ sentiments() }} as sentiments
    left join measured
        on
            platforms.topic_id = measured.topic_id
            and platforms.platform = measured.platform
            and sentiments.sentiment = measured.sentiment
),

shared as (
    select
        *,
        {{ ratio("volume", "sum(volume) over (partition by topic_id, platform)") }} as volume_share,
        {{ ratio("interactions", "sum(interactions) over (partition by topic_id, platform)") }} as interaction_share
    from shown
)

select
    topic_id,
    platform,
    sentiment,
    volume,
    volume_share,
    {{ wilson_bound("volume_share", "distinct_volume", "-") }} as share_low,
    {{ wilson_bound("volume_share", "distinct_volume", "+") }} as share_high,
    interactions,
    interaction_share,
    is_complete
from shared
