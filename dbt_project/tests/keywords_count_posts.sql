{{ config(meta={"dagster": {"ref": {"name": "event_keywords"}}}) }}

-- A keyword's volume is the number of the topic's posts that hold it: of the ten most frequent, counted again.
select
    words.topic_id,
    words.word,
    words.volume,
    count(posts.post_uid) as posts_that_hold_it
from {{ ref("event_keywords") }} as words
left join {{ ref("topic_posts") }} as posts
    on
        words.topic_id = posts.topic_id
        and ' ' || posts.segmented || ' ' like '% ' || words.word || ' %'
where words.platform = 'all' and words.sentiment = 'all' and words.frequency_rank <= 10
group by words.topic_id, words.word, words.volume
having words.volume <> count(posts.post_uid)
