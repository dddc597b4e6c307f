{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_posts"}}}) }}

-- A count is zero in all posts of a day, of at least 10 that show it, although most posts of the fortnight before have
-- more than zero: a field of the platform was renamed, or a parser reads another one.
{%- for count in ["likes", "comments", "shares", "collects"] %}
{{ "union all" if not loop.first }}
select
    days.platform,
    days.posted_date,
    '{{ count }}' as counted,
    days.posts
from (
    select
        platform,
        posted_date,
        count({{ count }}) as posts
    from {{ ref("fct_posts") }}
    group by platform, posted_date
    having count({{ count }}) >= 10 and max({{ count }}) = 0
) as days
inner join {{ ref("fct_posts") }} as earlier
    on days.platform = earlier.platform and {{ in_fortnight_before("earlier.posted_date", "days.posted_date") }}
where earlier.{{ count }} is not null
group by days.platform, days.posted_date, days.posts
having
    count(*) >= 10
    and avg(case when earlier.{{ count }} > 0 then 1.0 else 0.0 end) > 0.5
{%- endfor %}
