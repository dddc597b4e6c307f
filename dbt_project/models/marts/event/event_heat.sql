{#- The longest hot lists of the platforms have 50 places. -#}
{%- set places = 50 -%}
{%- set parts = ["volume", "interactions", "authors", "hot_list"] -%}

with weights as (
    select
        {{ setting("heat.volume") }} as volume_weight,
        {{ setting("heat.interactions") }} as interactions_weight,
        {{ setting("heat.authors") }} as authors_weight,
        {{ setting("heat.hot_list") }} as hot_list_weight
),

readings as (
    select distinct
        days.topic_id,
        shown.platform,
        shown.list_name,
        shown.observed_at
    from {{ ref("fct_hot_list_observations") }} as shown
    inner join {{ ref("topic_days") }} as days
        on shown.platform = days.platform and shown.observed_date = days.posted_date
),

slices as (
    select
        topic_id,
        cast(null as varchar) as platform,
        volume,
        interactions,
        authors
    from {{ ref("event_totals") }}
    union all
    select
        topic_id,
        platform,
        volume,
        interactions,
        authors
    from {{ ref("event_platforms") }}
),

read_lists as (
    select
        slices.topic_id,
        slices.platform,
        count(readings.topic_id) as hot_list_reads
    from slices
    left join readings
        on
            slices.topic_id = readings.topic_id
            and (slices.platform is null or slices.platform = readings.platform)
    group by slices.topic_id, slices.platform
),

places as (
    select
        slices.topic_id,
        slices.platform,
        min(words.best_rank) as best_rank
    from slices
    left join {{ ref("event_hot_lists") }} as words
        on slices.topic_id = words.topic_id and (slices.platform is null or slices.platform = words.platform)
    group by slices.topic_id, slices.platform
),

parts as (
    select
        slices.topic_id,
        slices.platform,
        slices.volume,
        slices.interactions,
        slices.authors,
        places.best_rank,
        read_lists.hot_list_reads,
        weights.{{ parts | join("_weight, weights.") }}_weight,
        weights.volume_weight * ln(1 + slices.volume) as volume_part,
        weights.interactions_weight
        * ln(1 + coalesce(slices.interactions, case when slices.volume is not null then 0 end)) as interactions_part,
        weights.authors_weight * ln(1 + slices.authors) as authors_part,
        case
            when slices.volume is not null
                then
                    weights.hot_list_weight
                    * ln({{ places + 1 }}.0 / least({{ places + 1 }}, coalesce(places.best_rank, {{ places + 1 }})))
        end as hot_list_part
    from slices
    cross join weights
    inner join read_lists
        on slices.topic_id = read_lists.topic_id and coalesce(slices.platform, '') = coalesce(read_lists.platform, '')
    inner join places
        on slices.topic_id = places.topic_id and coalesce(slices.platform, '') = coalesce(places.platform, '')
)

select
    topic_id,
    platform,
    {{ parts | join("_part + ") }}_part as heat,
    volume,
    interactions,
    authors,
    best_rank,
    hot_list_reads,
    {{ parts | join("_weight, ") }}_weight,
    {{ parts | join("_part, ") }}_part
from parts
