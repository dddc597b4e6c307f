{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_posts"}}}) }}

-- Posts that were landed but are in no mart, because they have not been enriched yet.
select
    latest.post_uid,
    latest.posted_date,
    latest.crawl_id
from {{ ref("int_posts__latest") }} as latest
left join {{ ref("fct_posts") }} as posts on latest.post_uid = posts.post_uid
where posts.post_uid is null
