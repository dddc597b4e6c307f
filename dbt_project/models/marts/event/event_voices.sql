with topics as (
    select distinct
        topic_id,
        brand,
        cast({{ setting("voices.kol_followers") }} as bigint) as kol_followers
    from {{ ref("stg_enriched__topics") }}
),

posts as (
    select
        *,
        row_number() over (
            partition by topic_id, author_uid order by posted_at asc, post_uid asc
        ) as place_in_time,
        row_number() over (
            partition by topic_id, author_uid order by coalesce(interactions, 0) desc, post_uid asc
        ) as place_by_interactions
    from {{ ref("event_posts") }}
    where author_uid is not null
),

voices as (
    select
        topic_id,
        author_uid,
        min(platform) as platform,
        count(*) as volume,
        count(distinct duplicate_group_id) as distinct_volume,
        cast(sum(interactions) as bigint) as interactions,
        max(case when interactions_is_floor then 1 else 0 end) = 1 as interactions_is_floor,
        {%- for sentiment in var("sentiments") %}
        count(case when sentiment = '{{ sentiment }}' then 1 end) as {{ sentiment }}_volume,
        {%- endfor %}
        count(stance) as stance_volume,
        sum(case stance when 'positive' then 1 when 'negative' then -1 else 0 end) as stance_balance,
        min(posted_at) as first_post_at,
        max(case when place_in_time = 1 then post_uid end) as first_post_uid,
        max(posted_at) as last_post_at,
        max(case when place_by_interactions = 1 then post_uid end) as top_post_uid,
        max(case when place_by_interactions = 1 then post_url end) as top_post_url
    from posts
    group by topic_id, author_uid
),

officials as (
    select distinct
        author_uid,
        brand
    from {{ ref("int_authors__listed") }}
    where brand is not null
)

select
    voices.topic_id,
    row_number() over (
        partition by voices.topic_id
        order by coalesce(voices.interactions, 0) desc, coalesce(authors.followers, 0) desc, voices.author_uid asc
    ) as rank,
    voices.author_uid,
    -- The first 6 of 20 hex digits: among 1,000 accounts two look alike with a probability of 3%. author_uid is unique.
    coalesce(authors.author_name, substring(voices.author_uid, 1, length(voices.platform) + 7)) as display_name,
    authors.author_name is not null as is_listed,
    voices.platform,
    case
        when officials.author_uid is not null then 'official'
        when authors.verified_type in ('organisation', 'media', 'government') then 'organisation'
        when authors.followers >= topics.kol_followers then 'kol'
        when authors.followers is not null then 'ordinary'
        else 'unknown'
    end as kind,
    topics.kol_followers,
    authors.verified_type,
    authors.is_verified,
    authors.followers,
    authors.followers_observed_at,
    voices.volume,
    voices.distinct_volume,
    voices.interactions,
    voices.interactions_is_floor,
    {{ ratio("voices.interactions", "totals.interactions") }} as interaction_share,
    voices.negative_volume,
    voices.neutral_volume,
    voices.positive_volume,
    {{ ratio("voices.negative_volume", "voices.volume") }} as negative_share,
    case
        when voices.stance_volume > 0
            then
                case
                    when voices.stance_balance < 0 then 'negative'
                    when voices.stance_balance > 0 then 'positive'
                    else 'neutral'
                end
    end as stance,
    voices.stance_volume,
    voices.first_post_at,
    voices.first_post_uid,
    voices.last_post_at,
    voices.top_post_uid,
    voices.top_post_url
from voices
inner join topics on voices.topic_id = topics.topic_id
inner join {{ ref("event_totals") }} as totals on voices.topic_id = totals.topic_id
left join {{ ref("dim_authors") }} as authors on voices.author_uid = authors.author_uid
left join officials on voices.author_uid = officials.author_uid and topics.brand = officials.brand
