{#
    What a run covers, from the environment and not from --vars, which would make dbt parse everything again:

    TINGFENG_START, TINGFENG_END   days of publication in Asia/Shanghai, both included; by default all days
    TINGFENG_AS_OF                 ISO time with its zone: observations made after it are left out; by default none is
#}

{# First and last day of the run, as ISO strings. Raises where one is no date. #}
{% macro window() -%}
    {%- set day = modules.datetime.date.fromisoformat -%}
    {{ return((
        day(env_var("TINGFENG_START", "") or "0001-01-01").isoformat(),
        day(env_var("TINGFENG_END", "") or "9999-12-31").isoformat(),
    )) }}
{%- endmacro %}

{% macro in_window(column) -%}
    {%- set start, end = window() -%}
    {{ column }} between cast('{{ start }}' as date) and cast('{{ end }}' as date)
{%- endmacro %}

{# What all days of the run begin with: "2026-01-" for days of one January, nothing for all days. #}
{% macro window_prefix() -%}
    {%- set start, end = window() -%}
    {%- set common = namespace(prefix="") -%}
    {%- for length in range(1, 11) if start[:length] == end[:length] -%}
        {%- set common.prefix = start[:length] -%}
    {%- endfor -%}
    {{ return(common.prefix) }}
{%- endmacro %}

{# The moment as an aware datetime. Raises where the zone is missing. #}
{% macro as_of_moment() -%}
    {%- set moment = modules.datetime.datetime.fromisoformat(env_var("TINGFENG_AS_OF", "") or "9999-12-31T00:00:00+00:00") -%}
    {%- if moment.tzinfo is none -%}
        {{ exceptions.raise_compiler_error("TINGFENG_AS_OF is " ~ moment.isoformat() ~ "; add its zone, such as +08:00") }}
    {%- endif -%}
    {{ return(moment.astimezone(modules.pytz.utc)) }}
{%- endmacro %}

{% macro as_of() -%}
    cast('{{ as_of_moment().strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)
{%- endmacro %}

{#
    Today in Asia/Shanghai, as of the moment that is asked for, whatever the clock says: no table has a row for a later
    day.
#}
{% macro today() -%}
    {%- set moment = as_of_moment() if env_var("TINGFENG_AS_OF", "") else run_started_at -%}
    cast('{{ moment.astimezone(modules.pytz.timezone(var("timezone"))).date() }}' as date)
{%- endmacro %}
