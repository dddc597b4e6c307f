{#- As many as a report shows, over all platforms and of each. -#}
{%- set shown = 20 -%}

with ranked as (
    select
        posts.topic_id,
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
    inner join {{ ref("int_topics__posts") }} as posts on comments.post_uid = posts.post_uid
)

select
    ranked.topic_id,
    ranked.rank,
    ranked.platform_rank,
    ranked.comment_uid,
    ranked.post_uid,
    posts.post_url,
    ranked.platform,
    ranked.parent_comment_uid,
    ranked.author_uid,
    ranked.text,
    ranked.likes,
    ranked.replies,
    ranked.counts_are_floor,
    ranked.posted_at,
    ranked.ip_location,
    ranked.observed_at
from ranked
inner join {{ ref("fct_posts") }} as posts on ranked.post_uid = posts.post_uid
where ranked.rank <= {{ shown }} or ranked.platform_rank <= {{ shown }}
