with slices as (
    select
        topic_queries.topic_id,
        slices.*
    from {{ ref("stg_enriched__topic_queries") }} as topic_queries
    inner join {{ ref("crawl_slices") }} as slices
        on
            topic_queries.platform = slices.platform
            and topic_queries.query = slices.query
            and slices.target = 'search'
    where slices.observed_at <= {{ as_of() }}
),

-- Crawl ids sort by time: they begin with the time of the crawl.
last_crawls as (
    select
        topic_id,
        platform,
        posted_date,
        max(crawl_id) as crawl_id
    from slices
    group by topic_id, platform, posted_date
),

-- Files that no later crawl of the day stands in for.
lost_files as (
    select
        days.topic_id,
        days.platform,
        days.posted_date,
        count(*) as files,
        sum(files.rows) as posts
    from {{ ref("topic_days") }} as days
    inner join {{ ref("stg_enriched__lost_files") }} as files
        on days.platform = files.platform and days.posted_date = files.posted_date
    left join last_crawls
        on
            days.topic_id = last_crawls.topic_id
            and days.platform = last_crawls.platform
            and days.posted_date = last_crawls.posted_date
    where not files.is_expired and files.crawl_id >= coalesce(last_crawls.crawl_id, '')
    group by days.topic_id, days.platform, days.posted_date
),

expired_days as (
    select
        platform,
        posted_date,
        is_expired
    from {{ ref("stg_enriched__lost_files") }}
    where is_expired
),

-- Posts that slices name, and that are in no file, or not in that of the last crawl.
lost_posts as (
    select
        last_crawls.topic_id,
        last_crawls.platform,
        last_crawls.posted_date,
        count(distinct posts.post_id) as posts
    from last_crawls
    inner join {{ ref("int_crawls__lost_posts") }} as posts
        on last_crawls.platform = posts.platform and last_crawls.posted_date = posts.posted_date
    where
        posts.crawl_id = last_crawls.crawl_id
        or (posts.crawl_id < last_crawls.crawl_id and not posts.is_in_another_crawl)
    group by last_crawls.topic_id, last_crawls.platform, last_crawls.posted_date
),

counted as (
    select
        slices.topic_id,
        slices.platform,
        slices.posted_date,
        count(*) as slices,
        sum(case when slices.state in ('ok', 'empty') then 1 else 0 end) as slices_complete,
        sum(case when slices.state in ('blocked', 'logged_out') then 1 else 0 end) as slices_refused,
        sum(case when slices.cap_hit then 1 else 0 end) as cap_hits,
        count(distinct slices.ordering) as passes,
        sum(case when slices.ordering = 'newest' then slices.declared_total end) as declared_total,
        min(case when slices.state not in ('ok', 'empty') then slices.reason end) as reason
    from slices
    inner join last_crawls
        on
            slices.topic_id = last_crawls.topic_id
            and slices.platform = last_crawls.platform
            and slices.posted_date = last_crawls.posted_date
            and slices.crawl_id = last_crawls.crawl_id
    group by slices.topic_id, slices.platform, slices.posted_date
),

-- A post found by several queries or slices of a pass counts once.
found as (
    select distinct
        topic_id,
        platform,
        posted_date,
        crawl_id,
        ordering,
        post_id
    from (
        select
            topic_id,
            platform,
            posted_date,
            crawl_id,
            ordering,
            {{ each_of("kept_ids") }} as post_id
        from slices
    ) as kept
),

collected as (
    select
        found.topic_id,
        found.platform,
        found.posted_date,
        count(distinct found.post_id) as posts_collected
    from found
    inner join last_crawls
        on
            found.topic_id = last_crawls.topic_id
            and found.platform = last_crawls.platform
            and found.posted_date = last_crawls.posted_date
            and found.crawl_id = last_crawls.crawl_id
    group by found.topic_id, found.platform, found.posted_date
),

first_passes as (
    select
        topic_id,
        platform,
        posted_date,
        crawl_id,
        count(*) as posts
    from found
    where ordering = 'newest'
    group by topic_id, platform, posted_date, crawl_id
),

second_passes as (
    select
        other.topic_id,
        other.platform,
        other.posted_date,
        other.crawl_id,
        other.ordering,
        max(first_passes.posts) as pass_a,
        count(*) as pass_b,
        count(newest.post_id) as overlap
    from found as other
    inner join first_passes
        on
            other.topic_id = first_passes.topic_id
            and other.platform = first_passes.platform
            and other.posted_date = first_passes.posted_date
            and other.crawl_id = first_passes.crawl_id
    left join found as newest
        on
            other.topic_id = newest.topic_id
            and other.platform = newest.platform
            and other.posted_date = newest.posted_date
            and other.crawl_id = newest.crawl_id
            and other.post_id = newest.post_id
            and newest.ordering = 'newest'
    where other.ordering <> 'newest'
    group by other.topic_id, other.platform, other.posted_date, other.crawl_id, other.ordering
),

-- The last crawl with two passes; of its passes in other orders the one with the most posts.
compared as (
    select
        *,
        row_number() over (
            partition by topic_id, platform, posted_date
            order by crawl_id desc, pass_b desc, ordering asc
        ) as place
    from second_passes
)

select
    days.topic_id,
    days.platform,
    days.posted_date,
    coalesce(counted.slices, 0) as slices,
    cast(coalesce(counted.slices_complete, 0) as bigint) as slices_complete,
    cast(coalesce(counted.slices_refused, 0) as bigint) as slices_refused,
    cast(coalesce(counted.cap_hits, 0) as bigint) as cap_hits,
    cast(counted.declared_total as bigint) as declared_total,
    case when counted.slices is not null then coalesce(collected.posts_collected, 0) end as posts_collected,
    coalesce(counted.passes, 0) as passes,
    compared.pass_a,
    compared.pass_b,
    compared.overlap,
    {{ chapman("compared.pass_a", "compared.pass_b", "compared.overlap") }} as posts_estimated,
    {{ chapman_bound("compared.pass_a", "compared.pass_b", "compared.overlap", "/") }} as posts_estimated_low,
    {{ chapman_bound("compared.pass_a", "compared.pass_b", "compared.overlap", "*") }} as posts_estimated_high,
    cast(case when not days.is_complete then coalesce(lost_files.posts, lost_posts.posts) end as bigint) as posts_lost,
    days.is_complete,
    case
        when days.is_complete then null
        when lost_files.posts is not null
            then lost_files.files || ' raw file(s) lost, with ' || lost_files.posts || ' rows of posts'
        when lost_files.files is not null then lost_files.files || ' raw file(s) lost'
        when lost_posts.posts is not null
            then lost_posts.posts || ' posts that a crawl found are no longer in raw: a file was lost or cut'
        when not days.is_read and days.has_unread_posts then 'not read by the current rules of the topic yet'
        when days.has_unread_posts then 'crawled, but not read yet'
        when counted.slices is null and expired_days.is_expired then 'removed by retention'
        when counted.slices is null then 'not collected'
        else coalesce(counted.reason, 'not every query was asked for the whole day after its end')
    end as missing_reason
from {{ ref("topic_days") }} as days
left join counted
    on
        days.topic_id = counted.topic_id
        and days.platform = counted.platform
        and days.posted_date = counted.posted_date
left join lost_files
    on
        days.topic_id = lost_files.topic_id
        and days.platform = lost_files.platform
        and days.posted_date = lost_files.posted_date
left join lost_posts
    on
        days.topic_id = lost_posts.topic_id
        and days.platform = lost_posts.platform
        and days.posted_date = lost_posts.posted_date
left join expired_days
    on days.platform = expired_days.platform and days.posted_date = expired_days.posted_date
left join collected
    on
        days.topic_id = collected.topic_id
        and days.platform = collected.platform
        and days.posted_date = collected.posted_date
left join compared
    on
        days.topic_id = compared.topic_id
        and days.platform = compared.platform
        and days.posted_date = compared.posted_date
        and compared.place = 1
