{#- The number of rows that a report shows, for all platforms together and for each one. -#}
{%- set shown = 20 -%}
{%- set columns = [
    "post_url", "author_uid", "posted_at", "text", "sentiment", "likes", "comments", "shares", "collects", "views",
    "interactions", "interactions_is_floor",
] -%}

-- Ranked without the texts, so that the sort does not carry them.
with ranked as (
    select
        topic_id,
        platform,
        post_uid,
        row_number() over (partition by topic_id order by interactions desc, posted_at asc, post_uid asc) as rank,
        row_number() over (
            partition by topic_id, platform order by interactions desc, posted_at asc, post_uid asc
        ) as platform_rank
    from {{ ref("event_posts") }}
    where interactions is not null
),

slices as (
    select
        topic_id,
        cast(null as varchar) as platform,
        rank,
        post_uid
    from ranked
    where rank <= {{ shown }}
    union all
    select
        topic_id,
        platform,
        platform_rank as rank,
        post_uid
    from ranked
    where platform_rank <= {{ shown }}
)

select
    slices.topic_id,
    slices.platform,
    slices.rank,
    slices.post_uid,
    posts.platform as post_platform,
    posts.{{ columns | join(", posts.") }},
    {{ ratio("posts.interactions", "coalesce(platforms.interactions, totals.interactions)") }}
        as share_of_interactions
from slices
inner join {{ ref("event_posts") }} as posts
    on slices.topic_id = posts.topic_id and slices.post_uid = posts.post_uid
inner join {{ ref("event_totals") }} as totals on slices.topic_id = totals.topic_id
left join {{ ref("event_platforms") }} as platforms
    on slices.topic_id = platforms.topic_id and slices.platform = platforms.platform
