select
    terms.topic_id,
    terms.platform,
    terms.sentiment,
    terms.term as hashtag,
    terms.posts as volume,
    terms.voices as distinct_volume,
    {{ ratio("terms.posts", "terms.posts_of_slice") }} as volume_share,
    terms.interactions,
    terms.z,
    terms.peak_date,
    terms.peak_z,
    row_number() over (
        partition by terms.topic_id, terms.platform, terms.sentiment
        order by terms.voices desc, terms.posts desc, terms.term asc
    ) as frequency_rank
from {{ ref("topic_terms") }} as terms
where
    terms.kind = 'hashtag'
    and terms.posted_date is null
