select
    crawl_id,
    platform,
    source,
    position,
    field,
    reason,
    remedy,
    observed_at
from {{ ref("stg_enriched__quarantined_records") }}
where observed_at <= {{ as_of() }}
