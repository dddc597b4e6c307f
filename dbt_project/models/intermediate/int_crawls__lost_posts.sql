{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

-- Posts are landed in the file of the crawl that names them. If a file is lost or has lost rows, they are missing here.
with kept as (
    select distinct
        platform,
        posted_date,
        crawl_id,
        {{ each_of("kept_ids") }} as post_id
    from {{ ref("stg_crawls__slices") }}
    where target = 'search' and {{ in_window("posted_date") }}
),

missing as (
    select kept.*
    from kept
    left join {{ ref("int_posts__observed") }} as observed
        on
            kept.platform = observed.platform
            and kept.post_id = observed.post_id
            and kept.crawl_id = observed.crawl_id
    where observed.post_id is null
),

observed_by_others as (
    select distinct
        missing.platform,
        missing.post_id
    from missing
    inner join {{ ref("int_posts__observed") }} as observed
        on missing.platform = observed.platform and missing.post_id = observed.post_id
)

select
    missing.platform,
    missing.posted_date,
    missing.crawl_id,
    missing.post_id,
    observed_by_others.post_id is not null as is_in_another_crawl
from missing
left join observed_by_others
    on missing.platform = observed_by_others.platform and missing.post_id = observed_by_others.post_id
