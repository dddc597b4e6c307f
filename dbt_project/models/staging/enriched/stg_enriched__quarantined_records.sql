select
    crawl_id,
    platform,
    source,
    position,
    field,
    reason,
    remedy,
    {{ utc_timestamp("observed_at") }} as observed_at
from {{ current_rows(source("enriched", "quarantined_records")) }}
