{{ config(meta={"dagster": {"ref": {"name": "dim_authors"}}}) }}

-- Every author of a post is in dim_authors. Not a relationships test of fct_posts, which is built earlier.
select
    posts.post_uid,
    posts.author_uid
from {{ ref("fct_posts") }} as posts
left join {{ ref("dim_authors") }} as authors on posts.author_uid = authors.author_uid
where posts.author_uid is not null and authors.author_uid is null
