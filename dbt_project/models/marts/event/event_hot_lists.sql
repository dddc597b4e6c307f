-- Without advertisements, whose place on the list is paid for.
with shown as (
    select * from {{ ref("fct_hot_list_observations") }}
    where not is_ad
),

-- A word that contains some of a topic's match words, but not enough for a match, counts if the topic's posts use it as
-- a hashtag.
about as (
    select
        words.topic_id,
        words.platform,
        words.word,
        words.observed_date,
        case when words.is_match then words.matched_by else 'hashtag: ' || hashtags.hashtag end as matched_by
    from {{ ref("stg_enriched__hot_list_topics") }} as words
    left join {{ ref("event_hashtags") }} as hashtags
        on
            words.topic_id = hashtags.topic_id
            and lower(words.word) = lower(hashtags.hashtag)
            and hashtags.platform = 'all'
            and hashtags.sentiment = 'all'
    where words.is_match or hashtags.hashtag is not null
),

sightings as (
    select
        about.topic_id,
        about.matched_by,
        shown.platform,
        shown.list_name,
        shown.word,
        shown.observed_at,
        shown.rank,
        shown.heat,
        shown.entered_at,
        row_number() over (
            partition by about.topic_id, shown.platform, shown.list_name, shown.word
            order by shown.rank asc, shown.observed_at asc
        ) as place
    from shown
    inner join about
        on
            shown.platform = about.platform
            and shown.word = about.word
            and shown.observed_date = about.observed_date
),

words_on_lists as (
    select
        topic_id,
        platform,
        list_name,
        word,
        min(matched_by) as matched_by,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at,
        min(entered_at) as entered_at,
        min(rank) as best_rank,
        max(case when place = 1 then observed_at end) as best_rank_at,
        max(heat) as best_heat,
        count(distinct observed_at) as reads
    from sightings
    group by topic_id, platform, list_name, word
),

-- Advertisements included: a list that shows nothing else was still read.
readings as (
    select distinct
        platform,
        list_name,
        observed_date,
        observed_at
    from {{ ref("fct_hot_list_observations") }}
),

readings_of_words as (
    select
        words_on_lists.topic_id,
        words_on_lists.platform,
        words_on_lists.list_name,
        words_on_lists.word,
        count(case when readings.observed_at <= words_on_lists.last_seen_at then 1 end) as list_reads,
        max(readings.observed_at) as last_read_at
    from words_on_lists
    inner join {{ ref("dim_topics") }} as topics on words_on_lists.topic_id = topics.topic_id
    inner join readings
        on
            words_on_lists.platform = readings.platform
            and words_on_lists.list_name = readings.list_name
            and words_on_lists.first_seen_at <= readings.observed_at
            and (topics.window_end is null or topics.window_end >= readings.observed_date)
    group by words_on_lists.topic_id, words_on_lists.platform, words_on_lists.list_name, words_on_lists.word
)

select
    words_on_lists.topic_id,
    words_on_lists.platform,
    words_on_lists.list_name,
    words_on_lists.word,
    words_on_lists.matched_by,
    words_on_lists.first_seen_at,
    words_on_lists.last_seen_at,
    words_on_lists.entered_at,
    words_on_lists.best_rank,
    words_on_lists.best_rank_at,
    words_on_lists.best_heat,
    cast(floor(
        {{ hours_between("words_on_lists.first_seen_at", "words_on_lists.last_seen_at") }} * 60
    ) as bigint) as minutes_on_list,
    words_on_lists.reads,
    readings_of_words.list_reads,
    words_on_lists.last_seen_at = readings_of_words.last_read_at as is_censored
from words_on_lists
inner join readings_of_words
    on
        words_on_lists.topic_id = readings_of_words.topic_id
        and words_on_lists.platform = readings_of_words.platform
        and words_on_lists.list_name = readings_of_words.list_name
        and words_on_lists.word = readings_of_words.word
