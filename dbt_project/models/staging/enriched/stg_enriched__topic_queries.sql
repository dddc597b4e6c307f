select distinct
    topic_id,
    platform,
    query
from {{ current_rows(source("enriched", "topic_queries")) }}
