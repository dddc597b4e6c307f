{#
    The range of a run, set in the environment and not by --vars, since changed vars make dbt parse the project again:

    TINGFENG_START, TINGFENG_END   days of publication in Asia/Shanghai, both included; default: all days
    TINGFENG_AS_OF                 ISO time with time zone; later observations are left out; default: none
    TINGFENG_NOW                   ISO time with time zone, the current time of the sandbox; default: the real clock
#}

{# A variable of the run; empty while dbt parses, so that its cache of the parsed project does not depend on it (1 s). #}
{% macro run_variable(name) -%}
    {{ return(env_var(name, "") if execute else "") }}
{%- endmacro %}

{# First and last day of the run as ISO strings. Fails if one is not a valid date. #}
{% macro window() -%}
    {%- set day = modules.datetime.date.fromisoformat -%}
    {{ return((
        day(run_variable("TINGFENG_START") or "0001-01-01").isoformat(),
        day(run_variable("TINGFENG_END") or "9999-12-31").isoformat(),
    )) }}
{%- endmacro %}

{% macro in_window(column) -%}
    {%- set start, end = window() -%}
    {{ column }} between cast('{{ start }}' as date) and cast('{{ end }}' as date)
{%- endmacro %}

{# The common prefix of all days of the run: "2026-01-" for days of one January, empty for all days. #}
{% macro window_prefix() -%}
    {%- set start, end = window() -%}
    {%- set common = namespace(prefix="") -%}
    {%- for length in range(1, 11) if start[:length] == end[:length] -%}
        {%- set common.prefix = start[:length] -%}
    {%- endfor -%}
    {{ return(common.prefix) }}
{%- endmacro %}

{# A variable as an aware datetime in UTC, by default ``otherwise``. Fails if its time zone is missing. #}
{% macro moment_of(variable, otherwise) -%}
    {%- set moment = modules.datetime.datetime.fromisoformat(run_variable(variable) or otherwise) -%}
    {%- if moment.tzinfo is none -%}
        {{ exceptions.raise_compiler_error(variable ~ " is " ~ moment.isoformat() ~ " without a time zone; add its zone, such as +08:00") }}
    {%- endif -%}
    {{ return(moment.astimezone(modules.pytz.utc)) }}
{%- endmacro %}

{# TINGFENG_AS_OF as an aware datetime in UTC. #}
{% macro as_of_moment() -%}
    {{ return(moment_of("TINGFENG_AS_OF", "9999-12-31T00:00:00+00:00")) }}
{%- endmacro %}

{% macro as_of() -%}
    cast('{{ as_of_moment().strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)
{%- endmacro %}

{#
    Today in Asia/Shanghai: the day of TINGFENG_AS_OF if it is set, else of TINGFENG_NOW, else of the start of dbt. No
    table has rows for later days.
#}
{% macro today() -%}
    {%- set now = moment_of("TINGFENG_NOW", run_started_at.isoformat()) -%}
    {%- set moment = as_of_moment() if run_variable("TINGFENG_AS_OF") else now -%}
    cast('{{ moment.astimezone(modules.pytz.timezone(var("timezone"))).date() }}' as date)
{%- endmacro %}
