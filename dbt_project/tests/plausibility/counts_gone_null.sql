{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_posts"}}}) }}

-- No post of a day, of at least 5, shows a count that most posts of the fortnight before show.
{%- for count in ["likes", "comments", "shares", "collects"] %}
{{ "union all" if not loop.first }}
select
    days.platform,
    days.posted_date,
    days.source,
    '{{ count }}' as counted,
    days.posts
from (
    select
        platform,
        posted_date,
        source,
        count(*) as posts
    from {{ ref("fct_posts") }}
    group by platform, posted_date, source
    having count(*) >= 5 and count({{ count }}) = 0
) as days
inner join {{ ref("fct_posts") }} as earlier
    on
        days.platform = earlier.platform
        and days.source = earlier.source
        and {{ in_fortnight_before("earlier.posted_date", "days.posted_date") }}
group by days.platform, days.posted_date, days.source, days.posts
having
    count(*) >= 5
    and avg(case when earlier.{{ count }} is not null then 1.0 else 0.0 end) > 0.5
{%- endfor %}
