with platforms as (
    select
        topic_id,
        count(volume) as platforms,
        -sum(case when volume_share > 0 then volume_share * ln(volume_share) end) / ln(2) as entropy
    from {{ ref("event_platforms") }}
    group by topic_id
),

authors as (
    select
        topic_id,
        author_uid,
        count(*) as volume,
        sum(interactions) as interactions
    from {{ ref("event_posts") }}
    where author_uid is not null
    group by topic_id, author_uid
),

ranked as (
    select
        *,
        row_number() over (partition by topic_id order by volume desc, author_uid asc) as volume_rank,
        row_number() over (
            partition by topic_id order by coalesce(interactions, 0) desc, author_uid asc
        ) as interactions_rank
    from authors
),

leaders as (
    select
        topic_id,
        {%- for number in (1, 10) %}
        {%- for measure in ("volume", "interactions") %}
        sum(case when {{ measure }}_rank <= {{ number }} then {{ measure }} end) as top{{ number }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        count(*) as authors
    from ranked
    group by topic_id
),

reposts as (
    select
        topic_id,
        count(*) as volume,
        cast(sum(case when is_repost then 1 else 0 end) as bigint) as repost_volume,
        max(repost_depth) as repost_depth_max,
        avg(case when repost_depth > 0 then cast(repost_depth as double precision) end) as repost_depth_mean
    from {{ ref("event_posts") }}
    group by topic_id
)

select
    totals.topic_id,
    platforms.platforms,
    platforms.entropy,
    case when totals.volume > 0 then ln(platforms.platforms) / ln(2) end as entropy_max,
    totals.authors,
    {{ ratio("leaders.top1_volume", "totals.volume") }} as top1_author_volume_share,
    {{ ratio("leaders.top10_volume", "totals.volume") }} as top10_author_volume_share,
    {{ ratio("leaders.top1_interactions", "totals.interactions") }} as top1_author_interaction_share,
    {{ ratio("leaders.top10_interactions", "totals.interactions") }} as top10_author_interaction_share,
    coalesce(reposts.repost_volume, totals.volume) as repost_volume,
    {{ ratio("reposts.repost_volume", "totals.volume") }} as repost_share,
    reposts.repost_depth_max,
    reposts.repost_depth_mean
from {{ ref("event_totals") }} as totals
inner join platforms on totals.topic_id = platforms.topic_id
left join leaders on totals.topic_id = leaders.topic_id
left join reposts on totals.topic_id = reposts.topic_id
