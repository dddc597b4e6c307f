select
    topic_id,
    posted_date,
    fingerprint
from {{ current_rows(source("enriched", "relevance_labels")) }}
