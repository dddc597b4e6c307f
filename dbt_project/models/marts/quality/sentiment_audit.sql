select
    topic_id,
    post_uid,
    platform,
    posted_date,
    audit_weight,
    sentiment,
    model_sentiment,
    p_negative,
    p_neutral,
    p_positive
from {{ ref("topic_posts") }}
where audit_weight is not null
