with hours as (
    select
        topic_id,
        posted_hour,
        sum(volume) as volume,
        row_number() over (partition by topic_id order by sum(volume) desc, posted_hour asc) as place
    from {{ ref("event_hourly") }}
    where volume > 0
    group by topic_id, posted_hour
),

days as (
    select
        topic_id,
        posted_date,
        sum(volume) as volume,
        row_number() over (partition by topic_id order by sum(volume) desc, posted_date asc) as place
    from {{ ref("event_daily") }}
    where volume > 0
    group by topic_id, posted_date
),

phases as (
    select
        *,
        row_number() over (partition by topic_id order by started_at desc) as place
    from {{ ref("topic_phases") }}
),

statement_words as (
    select
        topic_id,
        {{ each_of("statement_words") }} as word
    from {{ ref("stg_enriched__topics") }}
),

statements as (
    select
        posts.topic_id,
        posts.post_uid,
        posts.posted_at,
        row_number() over (partition by posts.topic_id order by posts.posted_at asc, posts.post_uid asc) as place
    from {{ ref("event_posts") }} as posts
    inner join {{ ref("dim_topics") }} as topics on posts.topic_id = topics.topic_id
    inner join phases
        on posts.topic_id = phases.topic_id and phases.place = 1 and posts.posted_at >= phases.onset_at
    inner join {{ ref("fct_posts") }} as facts on posts.post_uid = facts.post_uid
    where
        exists (
            select 1 from {{ ref("int_authors__listed") }} as listed
            where listed.author_uid = posts.author_uid and listed.brand = topics.brand
        )
        and exists (
            select 1 from statement_words
            where
                statement_words.topic_id = posts.topic_id
                and facts.text_clean like '%' || statement_words.word || '%'
        )
),

sentiments as (
    select
        {%- for sentiment in var("sentiments") %}
        max(case when sentiment = '{{ sentiment }}' then volume_share end) as {{ sentiment }}_share,
        {%- endfor %}
        topic_id
    from {{ ref("event_sentiment") }}
    group by topic_id
),

platforms as (
    select
        topic_id,
        count(*) as platforms_asked,
        count(volume) as platforms_collected,
        cast(sum(case when is_complete then 1 else 0 end) as bigint) as platforms_complete
    from {{ ref("event_platforms") }}
    group by topic_id
)

select
    totals.topic_id,
    topics.topic_name,
    topics.brand,
    topics.window_start,
    topics.window_end,
    totals.first_day,
    totals.last_day,
    totals.volume,
    totals.original_volume,
    totals.distinct_volume,
    totals.authors,
    totals.interactions,
    totals.interactions_is_floor,
    sentiments.negative_share,
    sentiments.neutral_share,
    sentiments.positive_share,
    totals.nsr_polar,
    totals.nsr_total,
    totals.sentiment_models,
    totals.is_mixed_model,
    phases.onset_at,
    phases.onset_rule,
    hours.posted_hour as peak_at,
    cast(hours.volume as bigint) as peak_hour_volume,
    days.posted_date as peak_date,
    cast(days.volume as bigint) as peak_date_volume,
    phases.phase as last_phase,
    phases.is_censored,
    statements.posted_at as statement_at,
    statements.post_uid as statement_post_uid,
    {{ hours_between("phases.onset_at", "statements.posted_at") }} as response_latency_hours,
    cast({{ var("golden_hours") }} as bigint) as golden_hours,
    totals.gone_posts,
    totals.mature_share,
    coalesce(totals.mature_share, 1) < 1
    or totals.unread_days > 0
    or topics.window_end is null
    or totals.last_day < topics.window_end as is_provisional,
    totals.unread_days,
    totals.is_complete,
    platforms.platforms_asked,
    platforms.platforms_collected,
    platforms.platforms_complete
from {{ ref("event_totals") }} as totals
inner join {{ ref("dim_topics") }} as topics on totals.topic_id = topics.topic_id
inner join platforms on totals.topic_id = platforms.topic_id
left join sentiments on totals.topic_id = sentiments.topic_id
left join hours on totals.topic_id = hours.topic_id and hours.place = 1
left join days on totals.topic_id = days.topic_id and days.place = 1
left join phases on totals.topic_id = phases.topic_id and phases.place = 1
left join statements on totals.topic_id = statements.topic_id and statements.place = 1
