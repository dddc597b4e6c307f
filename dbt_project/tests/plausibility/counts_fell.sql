{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_post_observations"}}}) }}

-- A count is lower than at the observation before in most posts that a crawl or import saw again, of at least 10.
-- Counts grow, apart from likes that are taken back: a parser reads another field, or files came in the wrong order.
with observed as (
    select
        posts.platform,
        observations.*
    from {{ ref("fct_post_observations") }} as observations
    inner join {{ ref("int_posts__latest") }} as posts on observations.post_uid = posts.post_uid
    where not observations.counts_are_floor
)
{%- for count in ["likes", "comments", "shares", "collects"] %}
{{ "union all" if not loop.first else "" }}
select
    platform,
    posted_date,
    crawl_id,
    '{{ count }}' as counted,
    count(*) as posts
from (
    select
        platform,
        posted_date,
        crawl_id,
        {{ count }},
        lag({{ count }}) over (partition by post_uid order by observed_at, crawl_id) as count_before
    from observed
    where {{ count }} is not null
) as pairs
where count_before is not null
group by platform, posted_date, crawl_id
having count(*) >= 10 and avg(case when {{ count }} < count_before then 1.0 else 0.0 end) > 0.5
{%- endfor %}
