{# Comparisons of a day with the fortnight before it, for tests/plausibility. #}

{# A condition: the day before is within the fortnight before the day. #}
{% macro in_fortnight_before(earlier, day) -%}
    {{ earlier }} < {{ day }}
    and {{ earlier }} >= cast({{ dbt.dateadd("day", -14, day) }} as date)
{%- endmacro %}

{# The moment in UTC that the id of a Weibo post carries, to the second; null for other ids. id >> 22 is the number of
   seconds since 515483463; it agrees with created_at in 250 of 250 posts, to 1 s (scrapers/parsers/values.py). #}
{% macro weibo_id_time(post_id) -%}
    {{ return(adapter.dispatch("weibo_id_time")(post_id)) }}
{%- endmacro %}

{% macro duckdb__weibo_id_time(post_id) -%}
    make_timestamp((try_cast({{ post_id }} as bigint) // 4194304 + 515483463) * 1000000)
{%- endmacro %}
