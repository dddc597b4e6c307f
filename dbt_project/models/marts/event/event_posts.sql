select
    counted.topic_id,
    counted.post_uid,
    counted.platform,
    facts.post_url,
    facts.posted_at,
    counted.posted_date,
    {{ hour_start("facts.posted_at") }} as posted_hour,
    counted.author_uid,
    counted.is_repost,
    cast(
        case
            when counted.is_repost or facts.text like '%//@%'
                then 1 + (length(facts.text) - length(replace(facts.text, '//@', ''))) / 3
            else 0
        end as bigint
    ) as repost_depth,
    counted.duplicate_group_id,
    facts.text,
    counted.likes,
    counted.comments,
    counted.shares,
    counted.collects,
    facts.views,
    counted.interactions,
    counted.interactions_is_floor,
    counted.sentiment,
    counted.sentiment_source,
    facts.sentiment_model,
    post_topics.stance,
    counted.observed_at,
    counted.observation_age_hours,
    counted.gone_since,
    facts.source
from {{ ref("topic_posts") }} as counted
inner join {{ ref("fct_posts") }} as facts on counted.post_uid = facts.post_uid
inner join {{ ref("fct_post_topics") }} as post_topics
    on counted.topic_id = post_topics.topic_id and counted.post_uid = post_topics.post_uid
