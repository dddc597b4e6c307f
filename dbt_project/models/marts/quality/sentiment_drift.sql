{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

select
    post_topics.topic_id,
    posts.platform,
    changes.posted_date,
    changes.from_model,
    changes.to_model,
    changes.from_sentiment,
    changes.to_sentiment,
    count(*) as posts
from {{ ref("stg_enriched__model_changes") }} as changes
inner join {{ ref("fct_posts") }} as posts
    on changes.post_uid = posts.post_uid and changes.posted_date = posts.posted_date
inner join {{ ref("fct_post_topics") }} as post_topics
    on changes.post_uid = post_topics.post_uid and changes.posted_date = post_topics.posted_date
where post_topics.is_relevant and {{ in_window("changes.posted_date") }}
group by
    post_topics.topic_id, posts.platform, changes.posted_date,
    changes.from_model, changes.to_model, changes.from_sentiment, changes.to_sentiment
