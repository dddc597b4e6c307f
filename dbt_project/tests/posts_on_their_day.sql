{{ config(meta={"dagster": {"ref": {"name": "fct_posts"}}}) }}

-- The folder day= of a post is its day of publication in Asia/Shanghai.
select
    post_uid,
    posted_at,
    posted_date
from {{ ref("fct_posts") }}
where posted_date <> {{ china_date("posted_at") }}
