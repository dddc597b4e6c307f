with measured as (
    select
        topic_id,
        platform,
        posted_date,
        sentiment,
        count(*) as volume,
        cast(sum(interactions) as bigint) as interactions
    from {{ ref("topic_posts") }}
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
    shown.topic_id,
    shown.platform,
    shown.posted_date,
    shown.sentiment,
    shown.volume,
    {{
        ratio(
            "shown.volume", "sum(shown.volume) over (partition by shown.topic_id, shown.platform, shown.posted_date)"
        )
    }} as volume_share,
    corrected.corrected_share,
    corrected.corrected_low,
    corrected.corrected_high,
    corrected.correction,
    shown.interactions,
    {{
        ratio(
            "shown.interactions",
            "sum(shown.interactions) over (partition by shown.topic_id, shown.platform, shown.posted_date)"
        )
    }} as interaction_share,
    shown.is_complete
from shown
left join {{ ref("topic_sentiment_shares") }} as corrected
    on
        shown.topic_id = corrected.topic_id
        and shown.platform = corrected.platform
        and shown.posted_date = corrected.posted_date
        and shown.sentiment = corrected.sentiment
