{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

-- 0 people, 1 authorities, 2 firms, 3 media, 4 schools, 5 sites, 6 apps, 7 institutions; -1 nobody, 200 and more are
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
