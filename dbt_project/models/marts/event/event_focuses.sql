with focus_posts as (
    select
        focuses.focus_id,
        focuses.label,
        focuses.fit,
        posts.*,
        row_number() over (
            partition by focuses.focus_id, posts.duplicate_group_id
            order by coalesce(posts.interactions, 0) desc, posts.post_uid asc
        ) as place_in_group
    from {{ ref("topic_focus_texts") }} as focuses
    inner join {{ ref("topic_posts") }} as posts
        on focuses.topic_id = posts.topic_id and focuses.text_uid = posts.post_uid
),

-- Exemplars are typical posts with many interactions, one per near-duplicate group.
placed as (
    select
        *,
        row_number() over (
            partition by focus_id
            order by place_in_group asc, fit * ln(2 + coalesce(interactions, 0)) desc, post_uid asc
        ) as place
    from focus_posts
),

measured as (
    select
        topic_id,
        focus_id,
        label,
        count(*) as volume,
        count(distinct duplicate_group_id) as distinct_volume,
        sum(case when sentiment = 'negative' then 1 else 0 end) as negative_volume,
        sum(case when sentiment = 'positive' then 1 else 0 end) as positive_volume,
        cast(sum(interactions) as bigint) as interactions,
        {% for place in [1, 2, 3] %}
        max(case when place = {{ place }} and place_in_group = 1 then post_uid end) as exemplar_{{ place }},
        {% endfor %}
        min(posted_date) as first_day,
        max(posted_date) as last_day
    from placed
    group by topic_id, focus_id, label
),

commented as (
    select
        focuses.focus_id,
        count(*) as comments,
        cast(sum(comments.likes) as bigint) as comment_likes
    from {{ ref("topic_focus_texts") }} as focuses
    inner join {{ ref("topic_liked_comments") }} as comments
        on focuses.topic_id = comments.topic_id and focuses.text_uid = comments.comment_uid
    group by focuses.focus_id
)

select
    measured.topic_id,
    measured.focus_id,
    measured.label,
    measured.volume,
    measured.distinct_volume,
    {{ ratio("measured.volume", "totals.volume") }} as volume_share,
    {{ ratio("measured.negative_volume", "measured.volume") }} as negative_share,
    {{ ratio("measured.positive_volume", "measured.volume") }} as positive_share,
    measured.interactions,
    {{ ratio("measured.interactions", "totals.interactions") }} as interaction_share,
    coalesce(commented.comments, 0) as comments,
    coalesce(commented.comment_likes, 0) as comment_likes,
    measured.exemplar_1,
    measured.exemplar_2,
    measured.exemplar_3,
    measured.first_day,
    measured.last_day,
    row_number() over (
        partition by measured.topic_id order by measured.distinct_volume desc, measured.focus_id asc
    ) as frequency_rank
from measured
inner join {{ ref("event_totals") }} as totals on measured.topic_id = totals.topic_id
left join commented on measured.focus_id = commented.focus_id
