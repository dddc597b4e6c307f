{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

-- Organisations have accounts of their own kind (机构号); people are verified by a badge.
{%- set verified_type -%}
case
    when {{ json_value("payload", ["member", "is_org"]) }} = 'true' then 'organisation'
    when is_verified then 'person'
end
{%- endset %}

{{ conform_authors(source("raw", "zhihu_authors"), verified_type) }}
