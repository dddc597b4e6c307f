{#- Ends the recursion if a damaged record makes a comment its own ancestor. Real threads are 2 or 3 levels deep. -#}
{%- set deepest = 50 -%}

with recursive ancestors (comment_uid, ancestor_uid, depth) as (
    select
        comment_uid,
        parent_comment_uid as ancestor_uid,
        1 as depth
    from {{ ref("int_comments__latest") }}
    where parent_comment_uid is not null
    union all
    select
        ancestors.comment_uid,
        parents.parent_comment_uid as ancestor_uid,
        ancestors.depth + 1 as depth
    from ancestors
    inner join {{ ref("int_comments__latest") }} as parents on ancestors.ancestor_uid = parents.comment_uid
    where parents.parent_comment_uid is not null and ancestors.depth < {{ deepest }}
),

furthest as (
    select
        comment_uid,
        ancestor_uid,
        row_number() over (partition by comment_uid order by depth desc) as place
    from ancestors
)

select
    comments.comment_uid,
    comments.post_uid,
    comments.platform,
    comments.comment_id,
    comments.parent_comment_uid,
    coalesce(furthest.ancestor_uid, comments.comment_uid) as root_comment_uid,
    comments.posted_at,
    comments.posted_date,
    comments.author_uid,
    comments.text,
    comments.likes,
    comments.replies,
    comments.counts_are_floor,
    comments.ip_location,
    comments.source,
    comments.observed_at,
    comments.crawl_id
from {{ ref("int_comments__latest") }} as comments
left join furthest on comments.comment_uid = furthest.comment_uid and furthest.place = 1
