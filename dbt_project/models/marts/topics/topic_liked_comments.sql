{#- Comments per post: those with the most likes, as a sign of agreement. Comments without likes are left out. -#}
{%- set most_liked = 20 -%}

with ranked as (
    select
        posts.topic_id,
        comments.comment_uid,
        comments.post_uid,
        comments.platform,
        comments.likes,
        row_number() over (
            partition by posts.topic_id, comments.post_uid order by comments.likes desc, comments.comment_uid asc
        ) as place
    from {{ ref("fct_comments") }} as comments
    inner join {{ ref("topic_posts") }} as posts on comments.post_uid = posts.post_uid
    where comments.likes > 0
)

select
    ranked.topic_id,
    ranked.comment_uid,
    ranked.post_uid,
    ranked.platform,
    ranked.likes,
    enriched.text_hash,
    enriched.segmented,
    enriched.model_sentiment as sentiment
from ranked
inner join {{ ref("stg_enriched__comments") }} as enriched on ranked.comment_uid = enriched.comment_uid
where ranked.place <= {{ most_liked }}
