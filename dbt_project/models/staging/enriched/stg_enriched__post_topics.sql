select
    platform || ':' || post_id as post_uid,
    cast(day as date) as posted_date,
    topic_id,
    matched_by,
    is_relevant,
    relevance_reason,
    stance,
    stance_score,
    version as topics_version
from {{ current_rows(source("enriched", "post_topics")) }}
