select
    platform,
    list_name,
    observed_date,
    observed_at,
    rank,
    word,
    heat,
    is_ad,
    entered_at,
    source,
    crawl_id
from {{ ref("int_hot_lists__unioned") }}
where observed_at <= {{ as_of() }}
