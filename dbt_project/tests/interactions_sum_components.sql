{{ config(meta={"dagster": {"ref": {"name": "dim_platforms"}}}) }}

-- Interactions equal a recount from the counts of fct_posts and the flags of dim_platforms.
with counted as (
    select
        posts.post_uid,
        posts.interactions,
        posts.interactions_is_floor,
        posts.lacks_a_count,
        case
            when posts.shown > 0
                then
                    coalesce(posts.likes, 0) + coalesce(posts.comments, 0) + coalesce(posts.shares, 0)
                    + case when posts.collects_are_interactions then coalesce(posts.collects, 0) else 0 end
        end as counted_interactions
    from (
        select
            facts.*,
            platforms.collects_are_interactions,
            case when facts.likes is not null then 1 else 0 end
            + case when facts.comments is not null then 1 else 0 end
            + case when facts.shares is not null then 1 else 0 end
            + case when platforms.collects_are_interactions and facts.collects is not null then 1 else 0 end as shown,
            facts.likes is null
            or facts.comments is null
            or (platforms.shows_shares and facts.shares is null)
            or (platforms.collects_are_interactions and facts.collects is null) as lacks_a_count
        from {{ ref("fct_posts") }} as facts
        inner join {{ ref("dim_platforms") }} as platforms on facts.platform = platforms.platform
    ) as posts
)

select *
from counted
where
    interactions is distinct from counted_interactions
    or (lacks_a_count and not interactions_is_floor)
