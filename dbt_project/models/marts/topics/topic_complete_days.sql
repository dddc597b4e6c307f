with topic_queries as (
    select * from {{ ref("stg_enriched__topic_queries") }}
),

searched as (
    select
        topic_queries.topic_id,
        topic_queries.platform,
        topic_queries.query,
        slices.posted_date,
        slices.crawl_id,
        slices.state,
        slices.slice_start,
        slices.slice_end,
        slices.observed_at,
        {{ china_midnight("slices.posted_date") }} as day_start,
        {{ china_midnight("slices.posted_date") }} + interval '24' hour as day_end,
        max(slices.slice_end) over (
            partition by
                topic_queries.topic_id, topic_queries.platform, topic_queries.query,
                slices.posted_date, slices.crawl_id
            order by slices.slice_start, slices.slice_end
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from topic_queries
    inner join {{ ref("crawl_slices") }} as slices
        on
            topic_queries.platform = slices.platform
            and topic_queries.query = slices.query
            and slices.target = 'search'
    where slices.observed_at <= {{ as_of() }}
),

answered_queries as (
    select
        topic_id,
        platform,
        posted_date,
        crawl_id,
        query
    from searched
    group by topic_id, platform, posted_date, crawl_id, query
    having
        min(case when state in ('ok', 'empty') then 1 else 0 end) = 1
        -- covers the day from start to end without a gap
        and max(case when slice_start > coalesce(covered_until, day_start) then 1 else 0 end) = 0
        and max(slice_end) >= max(day_end)
        -- finished after the day's end, so that it can include the day's last posts
        and min(observed_at) >= max(day_end)
),

answered_crawls as (
    select
        topic_id,
        platform,
        posted_date,
        crawl_id,
        count(*) as queries
    from answered_queries
    group by topic_id, platform, posted_date, crawl_id
),

-- A crawl that is later than the lost file has seen the day's posts again.
last_losses as (
    select
        platform,
        posted_date,
        max(crawl_id) as crawl_id
    from {{ ref("stg_enriched__lost_files") }}
    where not is_expired
    group by platform, posted_date
),

crawls_with_losses as (
    select distinct
        platform,
        posted_date,
        crawl_id
    from {{ ref("int_crawls__lost_posts") }}
),

-- Posts that a crawl saw, and that are in no file any more.
days_with_losses as (
    select distinct
        lost_posts.platform,
        lost_posts.posted_date
    from {{ ref("int_crawls__lost_posts") }} as lost_posts
    inner join searched
        on
            lost_posts.platform = searched.platform
            and lost_posts.posted_date = searched.posted_date
            and lost_posts.crawl_id = searched.crawl_id
    where not lost_posts.is_in_another_crawl
),

required_queries as (
    select
        topic_id,
        platform,
        count(*) as queries
    from topic_queries
    group by topic_id, platform
)

select distinct
    answered_crawls.topic_id,
    answered_crawls.platform,
    answered_crawls.posted_date
from answered_crawls
inner join required_queries
    on
        answered_crawls.topic_id = required_queries.topic_id
        and answered_crawls.platform = required_queries.platform
        and answered_crawls.queries = required_queries.queries
left join crawls_with_losses
    on
        answered_crawls.platform = crawls_with_losses.platform
        and answered_crawls.posted_date = crawls_with_losses.posted_date
        and answered_crawls.crawl_id = crawls_with_losses.crawl_id
left join days_with_losses
    on
        answered_crawls.platform = days_with_losses.platform
        and answered_crawls.posted_date = days_with_losses.posted_date
left join last_losses
    on
        answered_crawls.platform = last_losses.platform
        and answered_crawls.posted_date = last_losses.posted_date
        and answered_crawls.crawl_id <= last_losses.crawl_id
where
    crawls_with_losses.crawl_id is null
    and days_with_losses.platform is null
    and last_losses.crawl_id is null
