{# In a select list: a row for each member of a list; none for an empty list or null. #}
{% macro each_of(column) -%}
    {{ return(adapter.dispatch("each_of")(column)) }}
{%- endmacro %}

{% macro duckdb__each_of(column) -%}
    unnest({{ column }})
{%- endmacro %}
