select
    posts.post_uid,
    posts.topic_id,
    focuses.focus_id,
    focuses.fit
from {{ ref("int_topics__text_focuses") }} as focuses
inner join {{ ref("int_topics__posts") }} as posts
    on focuses.topic_id = posts.topic_id and focuses.text_uid = posts.post_uid
