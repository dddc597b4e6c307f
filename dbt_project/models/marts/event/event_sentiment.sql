with measured as (
    select
        topic_id,
        sentiment,
        count(*) as volume,
        cast(sum(case when sentiment_source = 'analyst' then 1 else 0 end) as bigint) as analyst_volume,
        cast(sum(interactions) as bigint) as interactions
    from {{ ref("topic_posts") }}
    group by topic_id, sentiment
),

measured_by_model as (
    select
        topic_id,
        model_sentiment as sentiment,
        count(*) as volume
    from {{ ref("topic_posts") }}
    group by topic_id, model_sentiment
),

shown as (
    select
        totals.topic_id,
        sentiments.sentiment,
        totals.distinct_volume,
        {{ zero_if_searched("volume", "totals.volume is not null") }} as volume,
        {{ zero_if_searched("analyst_volume", "totals.volume is not null") }} as analyst_volume,
        {{ zero_if_searched("interactions", "totals.volume is not null") }} as interactions,
        case when totals.volume is not null then coalesce(measured_by_model.volume, 0) end as model_volume,
        totals.is_mixed_model,
        totals.is_complete
    from {{ ref("event_totals") }} as totals
    cross join {{ sentiments() }} as sentiments
    left join measured
        on totals.topic_id = measured.topic_id and sentiments.sentiment = measured.sentiment
    left join measured_by_model
        on totals.topic_id = measured_by_model.topic_id and sentiments.sentiment = measured_by_model.sentiment
),

shared as (
    select
        *,
        sum(volume) over (partition by topic_id) as total_volume,
        {{ ratio("volume", "sum(volume) over (partition by topic_id)") }} as volume_share,
        {{ ratio("interactions", "sum(interactions) over (partition by topic_id)") }} as interaction_share,
        {{ ratio("model_volume", "sum(model_volume) over (partition by topic_id)") }} as model_volume_share
    from shown
)

select
    shared.topic_id,
    shared.sentiment,
    shared.volume,
    shared.volume_share,
    {{ wilson_bound("shared.volume_share", "shared.distinct_volume", "-") }} as share_low,
    {{ wilson_bound("shared.volume_share", "shared.distinct_volume", "+") }} as share_high,
    {{ wilson_bound("shared.volume_share", "shared.total_volume", "-") }} as share_of_posts_low,
    {{ wilson_bound("shared.volume_share", "shared.total_volume", "+") }} as share_of_posts_high,
    corrected.corrected_share,
    corrected.corrected_low,
    corrected.corrected_high,
    corrected.correction,
    shared.analyst_volume,
    shared.model_volume,
    shared.model_volume_share,
    shared.interactions,
    shared.interaction_share,
    shared.is_mixed_model,
    shared.is_complete
from shared
left join {{ ref("topic_sentiment_shares") }} as corrected
    on
        shared.topic_id = corrected.topic_id
        and corrected.platform is null
        and corrected.posted_date is null
        and shared.sentiment = corrected.sentiment
