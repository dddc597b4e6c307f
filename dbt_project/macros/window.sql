{#
    What a run covers, from the environment and not from --vars, which would make dbt parse everything again:

    TINGFENG_START, TINGFENG_END   days of publication in Asia/Shanghai, both included; by default all days
    TINGFENG_AS_OF                 ISO time with its zone: observations made after it are left out; by default none is
#}

{% macro window_start() -%}
    cast('{{ modules.datetime.date.fromisoformat(env_var("TINGFENG_START", "") or "0001-01-01") }}' as date)
{%- endmacro %}

{% macro window_end() -%}
    cast('{{ modules.datetime.date.fromisoformat(env_var("TINGFENG_END", "") or "9999-12-31") }}' as date)
{%- endmacro %}

{% macro in_window(column) -%}
    {{ column }} between {{ window_start() }} and {{ window_end() }}
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

{# Today in Asia/Shanghai, as of the moment that is asked for: no table has a row for a later day. #}
{% macro today() -%}
    {%- set moment = [as_of_moment(), run_started_at] | min -%}
    cast('{{ moment.astimezone(modules.pytz.timezone("Asia/Shanghai")).date() }}' as date)
{%- endmacro %}
