select
    platform,
    platform || ':' || author_id as author_uid,
    name,
    official_for
from {{ current_rows(source("enriched", "accounts")) }}
