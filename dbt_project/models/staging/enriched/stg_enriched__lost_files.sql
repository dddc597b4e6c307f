select
    platform,
    posted_date,
    crawl_id,
    rows,
    coalesce(is_expired, false) as is_expired
from {{ current_rows(source("enriched", "lost_files")) }}
