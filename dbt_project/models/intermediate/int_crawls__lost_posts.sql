{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

-- Posts are landed in the file of the crawl that names them. If a file is lost, or has lost rows, they are missing here.
with kept as (
    select distinct
        platform,
        posted_date,
        crawl_id,
        {{ each_of("kept_ids") }} as post_id
    from {{ ref("stg_crawls__slices") }}
    where target = 'search' and {{ in_window("posted_date") }}
)

select
    kept.platform,
    kept.posted_date,
    kept.crawl_id,
    kept.post_id,
    exists (
        select 1 from {{ ref("int_posts__observed") }} as others
        where others.platform = kept.platform and others.post_id = kept.post_id
    ) as is_in_another_crawl
from kept
left join {{ ref("int_posts__observed") }} as observed
    on
        kept.platform = observed.platform
        and kept.post_id = observed.post_id
        and kept.crawl_id = observed.crawl_id
where observed.post_id is null
