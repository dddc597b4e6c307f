{% for model in ["topic_focus_texts", "topic_phases", "topic_sentiment_shares", "topic_terms"] %}
select
    topic_id,
    '{{ model }}' as model,
    error,
    failed_at,
    cast(null as timestamp) as rows_from
from {{ failures_of(model) }}
{{ "union all" if not loop.last }}
{% endfor %}

{% for failure in tested_failures() %}
union all
select
    '{{ failure.topic_id | replace("'", "''") }}' as topic_id,
    '{{ failure.model }}' as model,
    '{{ failure.error | replace("'", "''") }}' as error,
    cast('{{ failure.failed_at }}' as timestamp) as failed_at,
    cast(null as timestamp) as rows_from
{% endfor %}
