select
    platform || ':' || post_id as post_uid,
    cast(day as date) as posted_date,
    from_model,
    to_model,
    from_sentiment,
    to_sentiment
from {{ current_rows(source("enriched", "model_changes")) }}
