{{ config(materialized="incremental", incremental_strategy="replace_window", on_schema_change="fail") }}

-- Built after built_days, so that a day whose facts failed is not recorded as read by new rules.
select
    inputs.name as topic_id,
    inputs.posted_date,
    inputs.fingerprint as rules,
    labels.fingerprint as relevance_labels,
    days.topics_version
from {{ ref("stg_enriched__read_inputs") }} as inputs
inner join {{ ref("built_days") }} as days on inputs.posted_date = days.posted_date
left join {{ ref("stg_enriched__read_inputs") }} as labels
    on inputs.posted_date = labels.posted_date and inputs.name = labels.name and labels.kind = 'relevance_labels'
where inputs.kind = 'topic' and {{ in_window("inputs.posted_date") }}
