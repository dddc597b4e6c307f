{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_posts"}}}) }}

-- Times of publication are wrong by hours, as if one time zone was taken for another: most Weibo posts of a day differ
-- by more than an hour from the time in their ids; or at least a quarter of a day's posts, 20 or more, are published
-- from 1 to 7 in the morning, and a fifth more than in the fortnight earlier. At night platforms have some 6% of their
-- posts; a shift by eight hours, either way, brings 30% to 45% of the day there.
with by_id as (
    select
        platform,
        posted_date,
        posted_at,
        {{ weibo_id_time("post_id") }} as id_time
    from {{ ref("fct_posts") }}
    where platform = 'weibo' and length(post_id) = 16
),

nights as (
    select
        platform,
        posted_date,
        count(*) as posts,
        sum(
            case
                when extract(hour from posted_at + interval '{{ var("utc_offset_hours") }}' hour) between 1 and 6 then 1
                else 0
            end
        ) as at_night
    from {{ ref("fct_posts") }}
    group by platform, posted_date
)

select
    platform,
    posted_date,
    'time in ids' as compared_with,
    count(*) as posts
from by_id
where id_time is not null
group by platform, posted_date
having
    count(*) >= 5
    and avg(case when abs({{ hours_between("id_time", "posted_at") }}) > 1 then 1.0 else 0.0 end) > 0.5
union all
select
    days.platform,
    days.posted_date,
    'usual hours' as compared_with,
    days.posts
from nights as days
inner join nights as earlier
    on days.platform = earlier.platform and {{ in_fortnight_before("earlier.posted_date", "days.posted_date") }}
where days.posts >= 20 and days.at_night >= 0.25 * days.posts
group by days.platform, days.posted_date, days.posts, days.at_night
having
    sum(earlier.posts) >= 20
    and days.at_night * 1.0 / days.posts > sum(earlier.at_night) * 1.0 / sum(earlier.posts) + 0.2
