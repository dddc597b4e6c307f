with posts as (
    select
        phases.topic_id,
        phases.phase,
        hours.posted_hour,
        sum(hours.volume) as volume,
        sum(hours.interactions) as interactions
    from {{ ref("topic_phases") }} as phases
    inner join {{ ref("event_hourly") }} as hours
        on
            phases.topic_id = hours.topic_id
            and phases.started_at <= hours.posted_hour
            and phases.ended_at > hours.posted_hour
    where hours.volume > 0
    group by phases.topic_id, phases.phase, hours.posted_hour
),

ranked as (
    select
        *,
        row_number() over (partition by topic_id, phase order by volume desc, posted_hour asc) as place
    from posts
),

measured as (
    select
        topic_id,
        phase,
        cast(sum(volume) as bigint) as volume,
        cast(sum(interactions) as bigint) as interactions,
        max(case when place = 1 then posted_hour end) as peak_hour,
        cast(max(case when place = 1 then volume end) as bigint) as peak_hour_volume
    from ranked
    group by topic_id, phase
)

select
    phases.topic_id,
    phases.phase,
    phases.started_at,
    phases.ended_at,
    coalesce(measured.volume, 0) as volume,
    measured.interactions,
    measured.peak_hour,
    measured.peak_hour_volume,
    phases.level,
    phases.rule,
    phases.is_censored
from {{ ref("topic_phases") }} as phases
left join measured on phases.topic_id = measured.topic_id and phases.phase = measured.phase
