select
    text_hash,
    duplicate_group_id
from {{ current_rows(source("enriched", "duplicate_groups")) }}
