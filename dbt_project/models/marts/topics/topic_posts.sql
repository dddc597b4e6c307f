select
    post_topics.topic_id,
    posts.post_uid,
    posts.platform,
    posts.posted_date,
    posts.author_uid,
    posts.is_repost,
    posts.duplicate_group_id,
    posts.segmented,
    posts.hashtags,
    posts.likes,
    posts.comments,
    posts.shares,
    posts.collects,
    posts.interactions,
    posts.interactions_all,
    posts.interactions_is_floor,
    posts.observed_at,
    posts.observation_age_hours,
    posts.gone_since,
    posts.source,
    posts.sentiment,
    posts.sentiment_source,
    posts.sentiment_model,
    posts.model_sentiment,
    posts.p_negative,
    posts.p_neutral,
    posts.p_positive,
    posts.audit_weight
from {{ ref("fct_post_topics") }} as post_topics
inner join {{ ref("fct_posts") }} as posts
    on post_topics.post_uid = posts.post_uid and post_topics.posted_date = posts.posted_date
inner join {{ ref("topic_days") }} as days
    on
        post_topics.topic_id = days.topic_id
        and posts.platform = days.platform
        and posts.posted_date = days.posted_date
where days.is_read and post_topics.is_relevant and not posts.is_ad and posts.has_own_words
