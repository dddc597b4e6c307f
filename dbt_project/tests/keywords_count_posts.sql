{{ config(severity="warn", tags=["topic"], meta={"dagster": {"ref": {"name": "event_keywords"}}}) }}

-- The volume of a topic's ten most frequent keywords equals a recount of the posts that contain the word.
select
    words.topic_id,
    words.word,
    words.volume,
    count(posts.post_uid) as posts_with_word
from {{ ref("event_keywords") }} as words
left join {{ ref("topic_posts") }} as posts
    on
        words.topic_id = posts.topic_id
        and ' ' || posts.segmented || ' ' like '% ' || words.word || ' %'
where words.platform = 'all' and words.sentiment = 'all' and words.frequency_rank <= 10
group by words.topic_id, words.word, words.volume
having words.volume <> count(posts.post_uid)
