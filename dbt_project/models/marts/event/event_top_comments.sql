{#- The number of rows that a report shows, for all platforms together and for each one. -#}
{%- set shown = 20 -%}

with ranked as (
    select
        posts.topic_id,
        posts.post_url,
        comments.*,
        row_number() over (
            partition by posts.topic_id
            order by
                coalesce(comments.likes, 0) desc,
                coalesce(comments.replies, 0) desc,
                comments.posted_at asc,
                comments.comment_uid asc
        ) as rank,
        row_number() over (
            partition by posts.topic_id, comments.platform
            order by
                coalesce(comments.likes, 0) desc,
                coalesce(comments.replies, 0) desc,
                comments.posted_at asc,
                comments.comment_uid asc
        ) as platform_rank
    from {{ ref("fct_comments") }} as comments
    inner join {{ ref("event_posts") }} as posts on comments.post_uid = posts.post_uid
)

select
    topic_id,
    rank,
    platform_rank,
    comment_uid,
    post_uid,
    post_url,
    platform,
    parent_comment_uid,
    author_uid,
    text,
    likes,
    replies,
    counts_are_floor,
    posted_at,
    ip_location,
    observed_at
from ranked
where rank <= {{ shown }} or platform_rank <= {{ shown }}
