with measured as (
    select
        topic_id,
        platform,
        sentiment,
        count(*) as volume,
        cast(sum(interactions) as bigint) as interactions
    from {{ ref("topic_posts") }}
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
        platforms.is_mixed_model,
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
        {{ ratio("interactions", "sum(interactions) over (partition by topic_id, platform)") }} as interaction_share,
        {{ ratio("interactions", "sum(interactions) over (partition by topic_id, sentiment)") }} as share_of_sentiment
    from shown
)

select
    shared.topic_id,
    shared.platform,
    shared.sentiment,
    shared.volume,
    shared.volume_share,
    {{ wilson_bound("shared.volume_share", "shared.distinct_volume", "-") }} as share_low,
    {{ wilson_bound("shared.volume_share", "shared.distinct_volume", "+") }} as share_high,
    corrected.corrected_share,
    corrected.corrected_low,
    corrected.corrected_high,
    corrected.correction,
    shared.interactions,
    shared.interaction_share,
    shared.share_of_sentiment,
    shared.is_mixed_model,
    shared.is_complete
from shared
left join {{ ref("topic_sentiment_shares") }} as corrected
    on
        shared.topic_id = corrected.topic_id
        and shared.platform = corrected.platform
        and corrected.posted_date is null
        and shared.sentiment = corrected.sentiment
