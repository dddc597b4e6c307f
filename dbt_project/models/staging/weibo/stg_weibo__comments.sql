{{ config(materialized="incremental", incremental_strategy="new_files", on_schema_change="fail") }}

select * from (
    {{ conform_comments(source("raw", "weibo_comments")) }}
) as comments
-- Weibo's own bot comments under popular posts. Its name, 罗伯特 or 罗伯特聪明版, is shown as its location.
where coalesce(ip_location, '') not like '罗伯特%'
