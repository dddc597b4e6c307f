select
    post_uid,
    topic_id,
    focus_id,
    fit
from {{ ref("int_topics__post_focuses") }}
