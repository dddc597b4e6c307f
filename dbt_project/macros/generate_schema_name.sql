{# The configured schema without the target's prefix: asset keys and the published snapshot rely on these names. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
