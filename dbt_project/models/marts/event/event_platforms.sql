{#- As in event_totals. -#}
{%- set searched = "window_days.complete_days > 0 and not window_days.has_unread_posts" -%}

with window_days as (
    select
        topic_id,
        platform,
        min(posted_date) as first_day,
        max(posted_date) as last_day,
        count(*) as days,
        cast(sum(case when is_complete then 1 else 0 end) as bigint) as complete_days,
        max(case when has_unread_posts then 1 else 0 end) = 1 as has_unread_posts
    from {{ ref("topic_days") }}
    group by topic_id, platform
),

measured as (
    select
        topic_id,
        platform,
        {{ volume_measures() }},
        {{ interaction_measures() }},
        {{ model_measures() }}
    from {{ ranked_posts("topic_id, platform") }}
    group by topic_id, platform
),

shown as (
    select
        window_days.topic_id,
        window_days.platform,
        {%- for column in [
            "volume", "original_volume", "distinct_volume", "authors", "interactions", "interactions_all",
        ] %}
        {{ zero_if_searched(column, searched) }} as {{ column }},
        {%- endfor %}
        {{ zero_if_searched("interactions_is_floor", searched, "false") }}
            as interactions_is_floor,
        measured.interactions_per_post,
        measured.interactions_median,
        measured.top10_share,
        measured.observed_from,
        measured.observed_to,
        measured.mature_share,
        measured.is_mixed_model,
        window_days.first_day,
        window_days.last_day,
        window_days.days,
        window_days.complete_days,
        window_days.complete_days = window_days.days as is_complete
    from window_days
    left join measured
        on window_days.topic_id = measured.topic_id and window_days.platform = measured.platform
),

shared as (
    select
        shown.*,
        {{ ratio("shown.volume", "sum(shown.volume) over (partition by shown.topic_id)") }} as volume_share,
        {{ ratio("shown.interactions", "sum(shown.interactions) over (partition by shown.topic_id)") }}
            as interaction_share,
        totals.distinct_volume as total_distinct_volume
    from shown
    inner join {{ ref("event_totals") }} as totals on shown.topic_id = totals.topic_id
)

select
    topic_id,
    platform,
    volume,
    original_volume,
    distinct_volume,
    authors,
    volume_share,
    {{ wilson_bound("volume_share", "total_distinct_volume", "-") }} as share_low,
    {{ wilson_bound("volume_share", "total_distinct_volume", "+") }} as share_high,
    interactions,
    interactions_all,
    interactions_is_floor,
    interaction_share,
    interactions_per_post,
    interactions_median,
    top10_share,
    observed_from,
    observed_to,
    mature_share,
    is_mixed_model,
    first_day,
    last_day,
    days,
    complete_days,
    is_complete
from shared
