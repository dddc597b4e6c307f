{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

-- The field that is filled in distinguishes the badge of a firm (蓝V) from that of a person.
{%- set verified_type -%}
case
    when {{ json_value("payload", ["user", "enterprise_verify_reason"]) }} <> '' then 'organisation'
    when {{ json_value("payload", ["user", "custom_verify"]) }} <> '' then 'person'
end
{%- endset %}

{{ conform_authors(source("raw", "douyin_authors"), verified_type) }}
