with topics as (
    select * from {{ ref("stg_enriched__topics") }}
),

days_with_data as (
    select
        post_topics.topic_id,
        posts.platform,
        post_topics.posted_date
    from {{ ref("fct_post_topics") }} as post_topics
    inner join {{ ref("fct_posts") }} as posts on post_topics.post_uid = posts.post_uid
    where post_topics.is_relevant
    union all
    select
        topic_queries.topic_id,
        topic_queries.platform,
        slices.posted_date
    from {{ ref("stg_enriched__topic_queries") }} as topic_queries
    inner join {{ ref("crawl_slices") }} as slices
        on
            topic_queries.platform = slices.platform
            and topic_queries.query = slices.query
            and slices.target = 'search'
),

last_days as (
    select
        topics.topic_id,
        max(days_with_data.posted_date) as last_day
    from topics
    inner join days_with_data
        on topics.topic_id = days_with_data.topic_id and topics.platform = days_with_data.platform
    group by topics.topic_id
),

spans as (
    select
        topics.topic_id,
        topics.platform,
        topics.window_start,
        least(coalesce(topics.window_end, last_days.last_day), {{ today() }}) as last_day
    from topics
    left join last_days on topics.topic_id = last_days.topic_id
    where coalesce(topics.window_end, last_days.last_day) is not null
)

select
    spans.topic_id,
    spans.platform,
    days.posted_date,
    complete_days.topic_id is not null as is_complete
from spans
cross join {{ days_between("spans.window_start", "spans.last_day") }}
left join {{ ref("topic_complete_days") }} as complete_days
    on
        spans.topic_id = complete_days.topic_id
        and spans.platform = complete_days.platform
        and days.posted_date = complete_days.posted_date
