with topic_queries as (
    select * from {{ ref("stg_enriched__topic_queries") }}
),

answered_queries as (
    {{ answered_queries(ref("crawl_slices")) }}
),

answered_crawls as (
    select
        topic_queries.topic_id,
        answered_queries.platform,
        answered_queries.posted_date,
        answered_queries.crawl_id,
        count(*) as queries
    from topic_queries
    inner join answered_queries
        on topic_queries.platform = answered_queries.platform and topic_queries.query = answered_queries.query
    group by topic_queries.topic_id, answered_queries.platform, answered_queries.posted_date, answered_queries.crawl_id
),

-- The crawls that asked a query of a topic.
topic_crawls as (
    select distinct
        slices.platform,
        slices.posted_date,
        slices.crawl_id
    from topic_queries
    inner join {{ ref("crawl_slices") }} as slices
        on
            topic_queries.platform = slices.platform
            and topic_queries.query = slices.query
            and slices.target = 'search'
    where slices.observed_at <= {{ as_of() }}
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
    inner join topic_crawls
        on
            lost_posts.platform = topic_crawls.platform
            and lost_posts.posted_date = topic_crawls.posted_date
            and lost_posts.crawl_id = topic_crawls.crawl_id
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
