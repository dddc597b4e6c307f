select
    topic_id,
    topic_name,
    brand,
    window_start,
    window_end,
    platform,
    kol_followers,
    heat_volume,
    heat_interactions,
    heat_authors,
    heat_hot_list,
    statement_words
from {{ current_rows(source("enriched", "topics")) }}
