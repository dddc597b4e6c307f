select
    topic_id,
    topic_name,
    brand,
    window_start,
    window_end,
    platform,
    kol_followers
from {{ current_rows(source("enriched", "topics")) }}
