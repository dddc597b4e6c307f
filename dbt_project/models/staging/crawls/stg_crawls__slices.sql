select
    platform,
    query,
    filters,
    coalesce(ordering, 'newest') as ordering,
    cast(day as date) as posted_date,
    {{ utc_timestamp("slice_start") }} as slice_start,
    {{ utc_timestamp("slice_end") }} as slice_end,
    state,
    reason,
    pages,
    declared_total,
    posts_seen,
    posts_kept,
    cap_hit,
    kept_ids,
    {{ utc_timestamp("observed_at") }} as observed_at,
    crawl_id
from {{ landed_rows(source("raw", "slices")) }}
