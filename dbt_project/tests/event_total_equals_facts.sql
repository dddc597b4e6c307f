{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "event_totals"}}}) }}

-- A topic's total equals a recount from the facts alone: each relevant post in the window once, without ads, without
-- reposts that have no words of their own, and without days that were read by other rules.
with counted as (
    select
        topics.topic_id,
        count(distinct posts.post_uid) as volume,
        sum(posts.interactions) as interactions
    from {{ ref("dim_topics") }} as topics
    inner join {{ ref("event_totals") }} as totals on topics.topic_id = totals.topic_id
    inner join {{ ref("event_platforms") }} as platforms on topics.topic_id = platforms.topic_id
    inner join {{ ref("fct_post_topics") }} as post_topics on topics.topic_id = post_topics.topic_id
    inner join {{ ref("fct_posts") }} as posts
        on post_topics.post_uid = posts.post_uid and platforms.platform = posts.platform
    inner join {{ ref("topic_days") }} as days
        on
            topics.topic_id = days.topic_id
            and posts.platform = days.platform
            and posts.posted_date = days.posted_date
            and days.is_read
    where
        posts.posted_date >= topics.window_start
        and posts.posted_date <= totals.last_day
        and post_topics.is_relevant
        and not posts.is_ad
        and posts.has_own_words
    group by topics.topic_id
)

select
    totals.topic_id,
    totals.volume,
    totals.interactions,
    counted.volume as volume_of_facts,
    counted.interactions as interactions_of_facts
from {{ ref("event_totals") }} as totals
left join counted on totals.topic_id = counted.topic_id
where
    coalesce(totals.volume, 0) <> coalesce(counted.volume, 0)
    or coalesce(totals.interactions, 0) <> coalesce(counted.interactions, 0)
