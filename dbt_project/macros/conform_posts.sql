{# Raw posts of one platform in the columns that all platforms share. #}
{% macro conform_posts(relation) -%}
select
    platform || ':' || post_id as post_uid,
    platform,
    post_id,
    post_url,
    post_type,
    {{ utc_timestamp("posted_at") }} as posted_at,
    cast(day as date) as posted_date,
    platform || ':' || author_id as author_uid,
    author_followers,
    author_verified as author_is_verified,
    like_count as likes,
    comment_count as comments,
    share_count as shares,
    collect_count as collects,
    view_count as views,
    counts_are_floor,
    hashtags,
    ip_location,
    repost_of_id is not null as is_repost,
    is_ad,
    query,
    source,
    {{ utc_timestamp("observed_at") }} as observed_at,
    crawl_id
from {{ landed_rows(relation) }}
{%- endmacro %}
