select
    author_uid,
    platform,
    observed_date,
    observed_at,
    followers,
    following,
    posts,
    is_verified,
    verified_type,
    counts_are_floor,
    ip_location,
    source,
    crawl_id
from {{ ref("int_authors__unioned") }}
where observed_at <= {{ as_of() }}
