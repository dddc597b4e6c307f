select
    terms.topic_id,
    terms.platform,
    terms.sentiment,
    terms.term as word,
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
inner join {{ ref("dim_topics") }} as topics on terms.topic_id = topics.topic_id
where
    terms.kind = 'word'
    and terms.posted_date is null
    and lower(terms.term) <> lower(topics.brand)
