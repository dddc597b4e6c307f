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

-- The days that have posts, and whether some are not read yet.
raw_days as (
    select
        latest.platform,
        latest.posted_date,
        max(case when posts.post_uid is null then 1 else 0 end) = 1 as has_unread_posts
    from {{ ref("int_posts__latest") }} as latest
    left join {{ ref("fct_posts") }} as posts
        on latest.post_uid = posts.post_uid and latest.posted_date = posts.posted_date
    group by latest.platform, latest.posted_date
),

spans as (
    select
        topics.topic_id,
        topics.platform,
        topics.rules,
        topics.window_start,
        least(coalesce(topics.window_end, last_days.last_day), {{ today() }}) as last_day
    from topics
    left join last_days on topics.topic_id = last_days.topic_id
    where coalesce(topics.window_end, last_days.last_day) is not null
),

window_days as (
    select
        spans.topic_id,
        spans.platform,
        days.posted_date,
        spans.rules,
        spans.rules is null
        or (
            coalesce(spans.rules = read_days.rules, false)
            and labels.fingerprint is not distinct from read_days.relevance_labels
        ) as is_read
    from spans
    cross join {{ days_between("spans.window_start", "spans.last_day") }}
    left join {{ ref("read_days") }} as read_days
        on spans.topic_id = read_days.topic_id and days.posted_date = read_days.posted_date
    left join {{ ref("stg_enriched__relevance_labels") }} as labels
        on spans.topic_id = labels.topic_id and days.posted_date = labels.posted_date
),

read_states as (
    select
        window_days.*,
        -- Releases before 0.4 did not record rules. Their days stay as they were published.
        window_days.rules is not null
        and raw_days.platform is not null
        and (raw_days.has_unread_posts or not window_days.is_read) as has_unread_posts
    from window_days
    left join raw_days
        on window_days.platform = raw_days.platform and window_days.posted_date = raw_days.posted_date
)

select
    days.topic_id,
    days.platform,
    days.posted_date,
    complete_days.topic_id is not null and not days.has_unread_posts as is_complete,
    days.is_read,
    days.has_unread_posts
from read_states as days
left join {{ ref("topic_complete_days") }} as complete_days
    on
        days.topic_id = complete_days.topic_id
        and days.platform = complete_days.platform
        and days.posted_date = complete_days.posted_date
