select
    platform,
    posted_date,
    crawl_id
from {{ current_rows(source("enriched", "lost_files")) }}
