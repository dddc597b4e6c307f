{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

-- Built after the facts, so that a day whose facts failed is not recorded and stays stale. The version in the rows has
-- precedence over the one on disk, which can be newer by now.
with posts_used as (
    select
        posted_date,
        min(enriched_version) as version
    from {{ ref("fct_posts") }}
    where {{ in_window("posted_date") }}
    group by posted_date
),

topics_used as (
    select
        posted_date,
        min(topics_version) as version
    from {{ ref("fct_post_topics") }}
    where {{ in_window("posted_date") }}
    group by posted_date
)

select
    posts_on_disk.posted_date,
    coalesce(posts_used.version, posts_on_disk.version) as enriched_version,
    coalesce(topics_used.version, topics_on_disk.version) as topics_version
from {{ current_versions(source("enriched", "posts")) }} as posts_on_disk
left join {{ current_versions(source("enriched", "post_topics")) }} as topics_on_disk
    on posts_on_disk.posted_date = topics_on_disk.posted_date
left join posts_used on posts_on_disk.posted_date = posts_used.posted_date
left join topics_used on posts_on_disk.posted_date = topics_used.posted_date
