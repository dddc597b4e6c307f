{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "event_totals"}}}) }}

-- A topic's gone posts equal a recount, and none of them was observed after it had gone.
select
    totals.topic_id,
    totals.gone_posts,
    count(posts.gone_since) as recounted,
    max(case when posts.observed_at > posts.gone_since then posts.post_uid end) as observed_later
from {{ ref("event_totals") }} as totals
inner join {{ ref("event_posts") }} as posts on totals.topic_id = posts.topic_id
group by totals.topic_id, totals.gone_posts
having
    totals.gone_posts <> count(posts.gone_since)
    or max(case when posts.observed_at > posts.gone_since then 1 else 0 end) = 1
