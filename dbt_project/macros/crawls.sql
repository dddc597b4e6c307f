{#
    A query of the queries that a crawl answered for a whole day, with a row for each platform, query, posted_date and
    crawl_id; answered_at is when the last slice was finished. slices is a relation with the columns of crawl_slices.
#}
{% macro answered_queries(slices) -%}
    select
        platform,
        query,
        posted_date,
        crawl_id,
        max(observed_at) as answered_at
    from (
        select
            platform,
            query,
            posted_date,
            crawl_id,
            state,
            slice_start,
            slice_end,
            observed_at,
            {{ china_midnight("posted_date") }} as day_start,
            {{ china_midnight("posted_date") }} + interval '24' hour as day_end,
            max(slice_end) over (
                partition by platform, query, posted_date, crawl_id
                order by slice_start, slice_end
                rows between unbounded preceding and 1 preceding
            ) as covered_until
        from {{ slices }}
        where target = 'search' and observed_at <= {{ as_of() }}
    ) as searched
    group by platform, query, posted_date, crawl_id
    having
        min(case when state in ('ok', 'empty') then 1 else 0 end) = 1
        -- covers the day from start to end without a gap
        and max(case when slice_start > coalesce(covered_until, day_start) then 1 else 0 end) = 0
        and max(slice_end) >= max(day_end)
        -- finished after the day's end, so that it can include the day's last posts
        and min(observed_at) >= max(day_end)
{%- endmacro %}
