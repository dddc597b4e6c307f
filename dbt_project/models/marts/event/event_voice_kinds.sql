select
    voices.topic_id,
    voices.kind,
    count(*) as authors,
    cast(sum(voices.volume) as bigint) as volume,
    cast(sum(voices.interactions) as bigint) as interactions,
    {{ ratio("sum(voices.interactions)", "max(totals.interactions)") }} as interaction_share
from {{ ref("event_voices") }} as voices
inner join {{ ref("event_totals") }} as totals on voices.topic_id = totals.topic_id
group by voices.topic_id, voices.kind
