select
    topic_id,
    topic_name,
    brand,
    window_start,
    window_end,
    platform,
    statement_words
from {{ current_rows(source("enriched", "topics")) }}
