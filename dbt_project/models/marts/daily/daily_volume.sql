with measured as (
    select
        topic_id,
        platform,
        posted_date,
        {{ volume_measures() }}
    from {{ ref("topic_posts") }}
    group by topic_id, platform, posted_date
),

shown as (
    select
        days.topic_id,
        days.platform,
        days.posted_date,
        {%- for column in ["volume", "original_volume", "distinct_volume", "authors"] %}
        {{ zero_if_searched(column, "days.is_complete") }} as {{ column }},
        {%- endfor %}
        days.is_complete
    from {{ ref("topic_days") }} as days
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
    volume,
    original_volume,
    distinct_volume,
    authors,
    {{ ratio("volume", "sum(volume) over (partition by topic_id, posted_date)") }} as volume_share,
    is_complete
from shown
