-- All days: a comment can be from any day after its post's.
select
    platform || ':' || comment_id as comment_uid,
    text_hash,
    segmented,
    sentiment_model,
    model_sentiment
from {{ current_rows(source("enriched", "comments"), every_day=true) }}
