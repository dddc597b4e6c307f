{# Times are UTC timestamps without a time zone, so that BI tools show them alike whatever the zone of the session. #}

{# A raw timestamp with time zone as a UTC timestamp without one. #}
{% macro utc_timestamp(column) -%}
    {{ return(adapter.dispatch("utc_timestamp")(column)) }}
{%- endmacro %}

{% macro duckdb__utc_timestamp(column) -%}
    timezone('UTC', {{ column }})
{%- endmacro %}

{# The day in Asia/Shanghai of a moment in UTC. #}
{% macro china_date(moment) -%}
    cast({{ moment }} + interval '{{ var("utc_offset_hours") }}' hour as date)
{%- endmacro %}

{# The first moment of a day in Asia/Shanghai, in UTC. #}
{% macro china_midnight(day) -%}
    cast({{ day }} as timestamp) - interval '{{ var("utc_offset_hours") }}' hour
{%- endmacro %}

{# The time between two moments in hours, from whole seconds. #}
{% macro hours_between(first, last) -%}
    {{ dbt.datediff(first, last, "second") }} / 3600.0
{%- endmacro %}

{# The start of the hour of a moment. #}
{% macro hour_start(moment) -%}
    cast({{ dbt.date_trunc("hour", moment) }} as timestamp)
{%- endmacro %}

{# A moment plus a number of hours. #}
{% macro hours_after(moment, hours) -%}
    cast({{ dbt.dateadd("hour", hours, moment) }} as timestamp)
{%- endmacro %}

{# A relation with one row for each hour of a day, 0 to 23, in the column hour_of_day. #}
{% macro hours_of_day() -%}
(
    {%- for hour in range(24) %}
    select {{ hour }} as hour_of_day{{ " union all" if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}

{# A table function to cross join: a row, with the column posted_date, for each day from first to last. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch("days_between")(first, last)) }}
{%- endmacro %}

{% macro duckdb__days_between(first, last) -%}
    unnest(cast(generate_series({{ first }}, {{ last }}, interval 1 day) as date[])) as days (posted_date)
{%- endmacro %}
