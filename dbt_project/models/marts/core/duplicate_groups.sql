with ranked as (
    select
        *,
        row_number() over (
            partition by duplicate_group_id order by posted_at asc, coalesce(interactions, 0) desc, post_uid asc
        ) as place
    from {{ ref("fct_posts") }}
)

select
    duplicate_group_id,
    max(case when place = 1 then post_uid end) as representative_post_uid,
    case when count(distinct text_hash) > 1 then 'near' else 'equal' end as reason,
    count(*) as posts,
    count(distinct text_hash) as texts,
    count(distinct platform) as platforms,
    count(distinct author_uid) as authors,
    cast(sum(interactions) as bigint) as interactions,
    min(posted_at) as first_posted_at,
    max(posted_at) as last_posted_at
from ranked
group by duplicate_group_id
having count(*) > 1
