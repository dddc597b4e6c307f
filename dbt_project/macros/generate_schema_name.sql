{# The schema as the model names it (staging, intermediate, marts), without the target's in front: others rely on it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
