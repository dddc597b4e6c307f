with sightings as (
    select
        author_uid,
        platform,
        author_followers as followers,
        author_is_verified as is_verified,
        observed_at,
        post_uid as seen_in,
        posted_date,
        1 as posts,
        0 as comments
    from {{ ref("int_posts__latest") }}
    where author_uid is not null
    union all
    select
        author_uid,
        platform,
        followers,
        is_verified,
        observed_at,
        crawl_id as seen_in,
        cast(null as date) as posted_date,
        0 as posts,
        0 as comments
    from {{ ref("fct_author_observations") }}
    union all
    select
        author_uid,
        platform,
        cast(null as bigint) as followers,
        cast(null as boolean) as is_verified,
        observed_at,
        comment_uid as seen_in,
        cast(null as date) as posted_date,
        0 as posts,
        1 as comments
    from {{ ref("fct_comments") }}
    where author_uid is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by author_uid
            order by case when followers is null then 1 else 0 end asc, observed_at desc, seen_in asc
        ) as followers_recency,
        row_number() over (
            partition by author_uid
            order by case when is_verified is null then 1 else 0 end asc, observed_at desc, seen_in asc
        ) as verified_recency
    from sightings
),

-- Only profiles show the kind of a verification; posts show at most whether there is one.
badges as (
    select
        author_uid,
        verified_type,
        following,
        row_number() over (partition by author_uid order by observed_at desc, crawl_id desc) as recency
    from {{ ref("fct_author_observations") }}
),

names as (
    select
        author_uid,
        min(name) as author_name
    from {{ ref("int_authors__listed") }}
    group by author_uid
),

authors as (
    select
        author_uid,
        min(platform) as platform,
        max(case when followers_recency = 1 then followers end) as followers,
        max(case when followers_recency = 1 and followers is not null then observed_at end) as followers_observed_at,
        max(case when verified_recency = 1 then cast(is_verified as integer) end) = 1 as is_verified,
        cast(sum(posts) as bigint) as posts,
        cast(sum(comments) as bigint) as comments,
        min(posted_date) as first_posted_date,
        max(posted_date) as last_posted_date
    from ranked
    group by author_uid
)

select
    authors.author_uid,
    authors.platform,
    names.author_name,
    authors.followers,
    authors.followers_observed_at,
    badges.following,
    authors.is_verified,
    badges.verified_type,
    authors.posts,
    authors.comments,
    authors.first_posted_date,
    authors.last_posted_date
from authors
left join badges on authors.author_uid = badges.author_uid and badges.recency = 1
left join names on authors.author_uid = names.author_uid
