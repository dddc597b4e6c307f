select
    topic_id,
    platform,
    missing_reason,
    count(*) as days
from {{ ref("crawl_coverage") }}
where not is_complete
group by topic_id, platform, missing_reason
