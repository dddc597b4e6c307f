{#- Without posts the total is zero if something was searched, and unknown if posts wait to be read. -#}
{%- set searched = "window_days.complete_platform_days > 0 and window_days.unread_days = 0" -%}

with window_days as (
    select
        topic_id,
        min(posted_date) as first_day,
        max(posted_date) as last_day,
        count(*) as platform_days,
        cast(sum(case when is_complete then 1 else 0 end) as bigint) as complete_platform_days,
        count(distinct case when has_unread_posts then posted_date end) as unread_days
    from {{ ref("topic_days") }}
    group by topic_id
),

measured as (
    select
        topic_id,
        {{ volume_measures() }},
        sum(case when sentiment = 'positive' then 1 else 0 end) as positive_volume,
        sum(case when sentiment = 'negative' then 1 else 0 end) as negative_volume,
        cast(sum(case when sentiment_source = 'analyst' then 1 else 0 end) as bigint) as analyst_volume,
        cast(sum(case when source = 'spider' then 1 else 0 end) as bigint) as crawled_volume,
        count(gone_since) as gone_posts,
        {{ interaction_measures() }},
        {{ model_measures() }}
    from {{ ranked_posts("topic_id") }}
    group by topic_id
)

select
    window_days.topic_id,
    {%- for column in [
        "volume", "original_volume", "distinct_volume", "analyst_volume", "crawled_volume", "gone_posts", "authors",
        "interactions", "interactions_all",
    ] %}
    {{ zero_if_searched(column, searched) }} as {{ column }},
    {%- endfor %}
    {{ zero_if_searched("interactions_is_floor", searched, "false") }}
        as interactions_is_floor,
    measured.interactions_per_post,
    measured.interactions_median,
    measured.top10_share,
    {{ ratio(
        "(measured.positive_volume - measured.negative_volume)",
        "(measured.positive_volume + measured.negative_volume)"
    ) }} as nsr_polar,
    {{ ratio("(measured.positive_volume - measured.negative_volume)", "measured.volume") }} as nsr_total,
    measured.observed_from,
    measured.observed_to,
    measured.mature_share,
    measured.sentiment_models,
    measured.is_mixed_model,
    window_days.first_day,
    window_days.last_day,
    window_days.platform_days,
    window_days.complete_platform_days,
    window_days.unread_days,
    window_days.complete_platform_days = window_days.platform_days as is_complete
from window_days
left join measured on window_days.topic_id = measured.topic_id
