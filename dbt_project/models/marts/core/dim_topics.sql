select
    topic_id,
    topic_name,
    brand,
    window_start,
    window_end,
    count(*) as platforms
from {{ ref("stg_enriched__topics") }}
group by topic_id, topic_name, brand, window_start, window_end
