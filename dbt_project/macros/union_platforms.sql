{# The rows of stg_<platform>__<table> of all platforms that the variable platforms_by_table lists for the table. #}
{% macro union_platforms(table) -%}
    {%- for platform in var("platforms_by_table")[table] %}
    {{- "\nunion all\n" if not loop.first }}
    {{- "select * from " ~ ref("stg_" ~ platform ~ "__" ~ table) }}
    {%- endfor %}
{%- endmacro %}
