{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

-- 0 person, 1 government, 2 firm, 3 media, 4 school, 5 website, 6 app, 7 institution; -1 not verified, 200 and up are
-- ranks of users.
{%- set verified_type -%}
case {{ json_value("payload", ["user", "verified_type"]) }}
    when '0' then 'person'
    when '1' then 'government'
    when '3' then 'media'
    when '2' then 'organisation'
    when '4' then 'organisation'
    when '5' then 'organisation'
    when '6' then 'organisation'
    when '7' then 'organisation'
end
{%- endset %}

{{ conform_authors(source("raw", "weibo_authors"), verified_type) }}
