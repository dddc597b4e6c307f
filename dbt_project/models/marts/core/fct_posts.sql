{{
    config(
        materialized="incremental",
        incremental_strategy="replace_window",
        unique_key="post_uid",
        on_schema_change="fail",
    )
}}

{%- set columns = [
    "post_uid", "platform", "post_id", "post_url", "posted_at", "posted_date", "author_uid", "text", "text_clean",
    "segmented", "post_type", "hashtags", "ip_location", "is_repost", "has_own_words", "is_ad", "likes", "comments", "shares",
    "collects", "views", "interactions", "interactions_all", "interactions_is_floor", "observed_at",
    "observation_age_hours", "gone_since", "source", "crawl_id", "text_hash", "sentiment", "sentiment_score", "sentiment_source",
    "sentiment_model", "model_sentiment", "p_negative", "p_neutral", "p_positive", "audit_weight", "audit_flags",
    "enriched_version",
] %}

with observed as (
    select
        posts.*,
        {{ interactions("posts", "platforms") }} as interactions,
        {{ interactions_all("posts") }} as interactions_all,
        posts.counts_are_floor
        or posts.likes is null
        or posts.comments is null
        or (platforms.shows_shares and posts.shares is null)
        or (platforms.collects_are_interactions and posts.collects is null) as interactions_is_floor
    from {{ ref("int_posts__latest") }} as posts
    inner join {{ ref("dim_platforms") }} as platforms on posts.platform = platforms.platform
    where {{ in_window("posts.posted_date") }}
),

window_posts as (
    select
        observed.post_uid,
        observed.platform,
        observed.post_id,
        observed.post_url,
        observed.posted_at,
        observed.posted_date,
        observed.author_uid,
        enriched.text,
        enriched.text_clean,
        enriched.segmented,
        observed.post_type,
        enriched.hashtags,
        observed.ip_location,
        observed.is_repost,
        -- 转发微博 is the text that Weibo fills in for a repost without words.
        not observed.is_repost or coalesce(trim(enriched.text_clean), '') not in ('', '转发微博') as has_own_words,
        observed.is_ad,
        observed.likes,
        observed.comments,
        observed.shares,
        observed.collects,
        observed.views,
        observed.interactions,
        observed.interactions_all,
        observed.interactions_is_floor,
        observed.observed_at,
        {{ hours_between("observed.posted_at", "observed.observed_at") }} as observation_age_hours,
        gone.gone_since,
        observed.source,
        observed.crawl_id,
        enriched.text_hash,
        enriched.sentiment,
        enriched.sentiment_score,
        enriched.sentiment_source,
        enriched.sentiment_model,
        enriched.model_sentiment,
        enriched.p_negative,
        enriched.p_neutral,
        enriched.p_positive,
        enriched.audit_weight,
        enriched.audit_flags,
        enriched.enriched_version
    from observed
    inner join {{ ref("stg_enriched__posts") }} as enriched
        on observed.post_uid = enriched.post_uid and observed.posted_date = enriched.posted_date
    left join {{ ref("int_posts__gone") }} as gone
        on observed.post_uid = gone.post_uid and observed.posted_date = gone.posted_date
),

posts as (
    select {{ columns | join(", ") }}
    from window_posts
    {%- if is_incremental() %}
    union all
    -- Posts of other days whose group has changed, because a post that links them to other texts was added or removed.
    select facts.{{ columns | join(", facts.") }}
    from {{ this }} as facts
    left join {{ ref("stg_enriched__duplicate_groups") }} as near_texts on facts.text_hash = near_texts.text_hash
    where
        not {{ in_window("facts.posted_date") }}
        and facts.duplicate_group_id
        <> coalesce(near_texts.duplicate_group_id, facts.text_hash, facts.post_uid)
        and facts.post_uid not in (select window_posts.post_uid from window_posts)
    {%- endif %}
)

select
    posts.*,
    coalesce(near_texts.duplicate_group_id, posts.text_hash, posts.post_uid) as duplicate_group_id
from posts
left join {{ ref("stg_enriched__duplicate_groups") }} as near_texts on posts.text_hash = near_texts.text_hash
