{# A window function: the last value that is not null. #}
{% macro last_shown(column) -%}
    {{ return(adapter.dispatch("last_shown")(column)) }}
{%- endmacro %}

{% macro duckdb__last_shown(column) -%}
    last_value({{ column }} ignore nulls)
{%- endmacro %}

{# In a select list: a row for each element of a list; no row for an empty list or null. #}
{% macro each_of(column) -%}
    {{ return(adapter.dispatch("each_of")(column)) }}
{%- endmacro %}

{% macro duckdb__each_of(column) -%}
    unnest({{ column }})
{%- endmacro %}
