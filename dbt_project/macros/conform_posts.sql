{#
    A platform's raw posts in the shape that all platforms share from here on; what differs between them is said here
    and nowhere later.

    shows_shares, shows_collects   whether the platform shows that count at all: one that it never shows is not missing
    collects_are_interactions      whether collects belong to the platform's interactions (docs/metrics.md)
#}
{% macro conform_posts(relation, shows_shares, shows_collects, collects_are_interactions) -%}
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
    {{ shows_shares }} as shows_shares,
    {{ shows_collects }} as shows_collects,
    {{ collects_are_interactions }} as collects_are_interactions,
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
