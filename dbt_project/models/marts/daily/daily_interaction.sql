with measured as (
    select
        topic_id,
        platform,
        posted_date,
        count(*) as volume,
        {{ interaction_measures() }}
    from {{ ranked_posts("topic_id, platform, posted_date") }}
    group by topic_id, platform, posted_date
),

shown as (
    select
        days.topic_id,
        days.platform,
        days.posted_date,
        {%- for column in ["likes", "comments"] %}
        {{ zero_if_searched(column, "days.is_complete") }} as {{ column }},
        {%- endfor %}
        {%- for column in ["shares", "collects"] %}
        {{ zero_if_searched(column, "days.is_complete and platforms.shows_" ~ column) }} as {{ column }},
        {%- endfor %}
        {%- for column in ["interactions", "interactions_all"] %}
        {{ zero_if_searched(column, "days.is_complete") }} as {{ column }},
        {%- endfor %}
        {{ zero_if_searched("interactions_is_floor", "days.is_complete", "false") }} as interactions_is_floor,
        measured.interactions_per_post,
        measured.interactions_median,
        measured.top10_share,
        measured.observed_from,
        measured.observed_to,
        measured.mature_share,
        days.is_complete
    from {{ ref("topic_days") }} as days
    left join {{ ref("dim_platforms") }} as platforms on days.platform = platforms.platform
    left join measured
        on
            days.topic_id = measured.topic_id
            and days.platform = measured.platform
            and days.posted_date = measured.posted_date
)

select
    topic_id,
    platform,
    posted_date,
    likes,
    comments,
    shares,
    collects,
    interactions,
    interactions_all,
    interactions_is_floor,
    {{ ratio("interactions", "sum(interactions) over (partition by topic_id, posted_date)") }} as interaction_share,
    interactions_per_post,
    interactions_median,
    top10_share,
    observed_from,
    observed_to,
    mature_share,
    is_complete
from shown
