with ranked as (
    select
        *,
        row_number() over (
            partition by author_uid
            order by case when author_followers is null then 1 else 0 end asc, observed_at desc, post_uid asc
        ) as followers_recency,
        row_number() over (
            partition by author_uid
            order by case when author_is_verified is null then 1 else 0 end asc, observed_at desc, post_uid asc
        ) as verified_recency
    from {{ ref("int_posts__latest") }}
    where author_uid is not null
)

select
    author_uid,
    min(platform) as platform,
    max(case when followers_recency = 1 then author_followers end) as followers,
    max(case when verified_recency = 1 then cast(author_is_verified as integer) end) = 1 as is_verified,
    count(*) as posts,
    min(posted_date) as first_posted_date,
    max(posted_date) as last_posted_date
from ranked
group by author_uid
