{{ config(meta={"dagster": {"ref": {"name": "fct_posts"}}}) }}

-- The folder that a post was landed in is the day of its publication in Asia/Shanghai.
select
    post_uid,
    posted_at,
    posted_date
from {{ ref("fct_posts") }}
where posted_date <> {{ china_date("posted_at") }}
