{{
    config(
        materialized="incremental",
        incremental_strategy="replace_window",
        unique_key="post_uid",
        on_schema_change="fail",
    )
}}

select
    post_topics.post_uid,
    post_topics.topic_id,
    post_topics.posted_date,
    post_topics.matched_by,
    post_topics.is_relevant,
    post_topics.relevance_reason,
    post_topics.stance,
    post_topics.stance_score,
    post_topics.topics_version
from {{ ref("stg_enriched__post_topics") }} as post_topics
inner join {{ ref("fct_posts") }} as posts
    on post_topics.post_uid = posts.post_uid and post_topics.posted_date = posts.posted_date
