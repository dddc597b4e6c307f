select
    posts.post_uid,
    posts.topic_id,
    focuses.focus_id,
    focuses.fit
from {{ ref("topic_focus_texts") }} as focuses
inner join {{ ref("topic_posts") }} as posts
    on focuses.topic_id = posts.topic_id and focuses.text_uid = posts.post_uid
