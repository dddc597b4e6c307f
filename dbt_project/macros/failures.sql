{# The table beside a Python model with the topics for which its statistic failed (orchestration/statistics/per_topic.py). #}
{% macro failures_of(model) -%}
    {{ return(ref(model).incorporate(path={"identifier": model ~ "_failures"})) }}
{%- endmacro %}

{#
    Topics whose rows failed a data test of this build: a list of dicts with topic_id, model, error and failed_at, from
    TINGFENG_FAILED_TOPICS, which is set after the tests have run (orchestration/lib/failed_topics.py).
#}
{% macro tested_failures() -%}
    {{ return(fromjson(run_variable("TINGFENG_FAILED_TOPICS") or "[]")) }}
{%- endmacro %}
