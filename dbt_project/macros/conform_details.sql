{# Raw comments, accounts and hot lists of one platform in the columns that all platforms share, without payloads. #}

{% macro conform_comments(relation) -%}
select
    platform || ':' || comment_id as comment_uid,
    platform || ':' || post_id as post_uid,
    platform,
    comment_id,
    platform || ':' || parent_comment_id as parent_comment_uid,
    {{ utc_timestamp("posted_at") }} as posted_at,
    cast(day as date) as posted_date,
    platform || ':' || author_id as author_uid,
    author_name,
    text,
    like_count as likes,
    reply_count as replies,
    counts_are_floor,
    ip_location,
    source,
    {{ utc_timestamp("observed_at") }} as observed_at,
    crawl_id,
    landed_file
from {{ new_rows(relation) }}
{%- endmacro %}

{#
    verified_type   SQL over payload: person, organisation, media or government; null if the account is not verified or
                    the platform does not show the kind
#}
{% macro conform_authors(relation, verified_type) -%}
select
    platform || ':' || author_id as author_uid,
    platform,
    author_name,
    cast(day as date) as observed_date,
    followers,
    following,
    posts,
    is_verified,
    {{ verified_type }} as verified_type,
    counts_are_floor,
    ip_location,
    source,
    {{ utc_timestamp("observed_at") }} as observed_at,
    crawl_id,
    landed_file
from {{ new_rows(relation) }}
{%- endmacro %}

{% macro conform_hot_lists(relation) -%}
select
    platform,
    list_name,
    cast(day as date) as observed_date,
    rank,
    word,
    heat,
    is_ad,
    {{ utc_timestamp("entered_at") }} as entered_at,
    source,
    {{ utc_timestamp("observed_at") }} as observed_at,
    crawl_id,
    landed_file
from {{ new_rows(relation) }}
{%- endmacro %}
