select
    topic_id,
    topic_name,
    brand,
    window_start,
    window_end,
    platform,
    statement_words,
    rules
from {{ current_rows(source("enriched", "topics")) }}
