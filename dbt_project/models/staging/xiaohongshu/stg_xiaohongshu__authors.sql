{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

-- 0 not verified, 1 person, 2 firm.
{%- set verified_type -%}
case {{ json_value("payload", ["verifyInfo", "redOfficialVerifyType"]) }}
    when '1' then 'person'
    when '2' then 'organisation'
end
{%- endset %}

{{ conform_authors(source("raw", "xiaohongshu_authors"), verified_type) }}
