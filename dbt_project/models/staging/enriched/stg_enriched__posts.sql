select
    platform || ':' || post_id as post_uid,
    cast(day as date) as posted_date,
    text,
    text_clean,
    text_hash,
    segmented,
    hashtags,
    sentiment,
    sentiment_score,
    sentiment_source,
    sentiment_model,
    model_sentiment,
    p_negative,
    p_neutral,
    p_positive,
    audit_weight,
    version as enriched_version
from {{ current_rows(source("enriched", "posts")) }}
