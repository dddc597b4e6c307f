select
    platform,
    posted_date,
    crawl_id,
    rows
from {{ current_rows(source("enriched", "lost_files")) }}
