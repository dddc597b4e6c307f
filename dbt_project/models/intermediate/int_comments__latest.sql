{%- set counts = ["likes", "replies"] %}

with ranked as (
    select
        *,
        {{ last_counts("comment_uid", counts) }},
        row_number() over (
            partition by comment_uid order by observed_at desc, crawl_id desc, post_uid asc
        ) as recency
    from {{ ref("int_comments__unioned") }}
    where observed_at <= {{ as_of() }}
)

select
    comment_uid,
    post_uid,
    platform,
    comment_id,
    parent_comment_uid,
    posted_at,
    posted_date,
    author_uid,
    text,
    last_likes as likes,
    last_replies as replies,
    last_likes_is_floor or last_replies_is_floor as counts_are_floor,
    ip_location,
    source,
    observed_at,
    crawl_id
from ranked
where recency = 1
