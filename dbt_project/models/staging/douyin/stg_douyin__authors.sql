{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

-- The badge of a firm (蓝V) is told apart from that of a person by which of the two has words.
{%- set verified_type -%}
case
    when {{ json_value("payload", ["user", "enterprise_verify_reason"]) }} <> '' then 'organisation'
    when {{ json_value("payload", ["user", "custom_verify"]) }} <> '' then 'person'
end
{%- endset %}

{{ conform_authors(source("raw", "douyin_authors"), verified_type) }}
