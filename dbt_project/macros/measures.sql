{# The formulas of docs/metrics.md, each once. #}

{% macro ratio(part, total) -%}
    cast({{ part }} as double precision) / nullif({{ total }}, 0)
{%- endmacro %}

{#
    互动量 of a row: likes + comments + shares, and collects on the platforms that count them. A count that is not shown
    adds 0; without any count shown the sum is null. counts and platforms are aliases: of a relation with the four counts,
    and of dim_platforms.
#}
{% macro interactions(counts, platforms) -%}
    {{ sum_of_shown(counts, "case when " ~ platforms ~ ".collects_are_interactions then " ~ counts ~ ".collects end") }}
{%- endmacro %}

{# The same with collects on every platform. #}
{% macro interactions_all(counts) -%}
    {{ sum_of_shown(counts, counts ~ ".collects") }}
{%- endmacro %}

{% macro sum_of_shown(counts, collects) -%}
    {%- set shown = [counts ~ ".likes", counts ~ ".comments", counts ~ ".shares", collects] -%}
    case
        when coalesce({{ shown | join(", ") }}) is not null
            then coalesce({{ shown | join(", 0) + coalesce(") }}, 0)
    end
{%- endmacro %}

{# Aggregates over rows of topic_posts. #}
{% macro volume_measures() -%}
    count(*) as volume,
    cast(sum(case when is_repost then 0 else 1 end) as bigint) as original_volume,
    count(distinct duplicate_group_id) as distinct_volume,
    count(distinct author_uid) as authors
{%- endmacro %}

{# Aggregates over rows of ranked_posts. #}
{% macro interaction_measures() -%}
    {%- for column in ["likes", "comments", "shares", "collects", "interactions", "interactions_all"] %}
    cast(sum({{ column }}) as bigint) as {{ column }},
    {%- endfor %}
    max(case when interactions_is_floor then 1 else 0 end) = 1 as interactions_is_floor,
    {{ ratio("sum(interactions)", "count(*)") }} as interactions_per_post,
    percentile_cont(0.5) within group (order by interactions) as interactions_median,
    {{ ratio("sum(case when interactions_rank <= 10 then interactions end)", "sum(interactions)") }} as top10_share,
    min(observed_at) as observed_from,
    max(observed_at) as observed_to,
    {{ ratio(
        "sum(case when observation_age_hours >= " ~ var("mature_hours")
        ~ " or gone_since is not null then interactions else 0 end)",
        "sum(interactions)"
    ) }} as mature_share
{%- endmacro %}

{# Which sentiment models judged the posts; aggregates over rows of topic_posts. #}
{% macro model_measures() -%}
    {{ dbt.listagg("distinct sentiment_model", "', '", "order by sentiment_model") }} as sentiment_models,
    count(distinct sentiment_model) > 1 as is_mixed_model
{%- endmacro %}

{# topic_posts with interactions_rank, the rank by interactions within the given columns. #}
{% macro ranked_posts(columns) -%}
(
    select
        *,
        row_number() over (
            partition by {{ columns }} order by coalesce(interactions, 0) desc, post_uid
        ) as interactions_rank
    from {{ ref("topic_posts") }}
) as ranked
{%- endmacro %}

{#
    measured.<column>, where measured is null if there are no posts: 0 if the days were searched completely (the SQL
    condition searched), else null, since nothing was collected.
#}
{% macro zero_if_searched(column, searched, zero="0") -%}
    case when measured.volume is null and {{ searched }} then {{ zero }} else measured.{{ column }} end
{%- endmacro %}

{#
    A condition of data tests: the sum of a topic's parts is not its total. totals and the relation of the parts have
    volume and interactions. With unread days a total without posts is null, while the sum of its parts can be 0.
#}
{% macro differs_from_total(parts) -%}
    (
        totals.volume is distinct from {{ parts }}.volume
        and not (totals.unread_days > 0 and coalesce(totals.volume, {{ parts }}.volume, 0) = 0)
    )
    or coalesce(totals.interactions, 0) <> coalesce({{ parts }}.interactions, 0)
{%- endmacro %}

{#
    A bound of the 95% Wilson interval of a share. n is the number of near-duplicate groups, not of posts: copies of one
    text are one opinion sampled. sign: - for the lower bound, + for the upper.
#}
{% macro wilson_bound(share, n, sign) -%}
    {%- set z = var("z_95") -%}
    {%- set z2 = z * z -%}
    case when {{ n }} > 0 then
        least(1, greatest(0, (
            {{ share }} + {{ z2 }} / (2 * {{ n }})
            {{ sign }} {{ z }} * sqrt(
                greatest(0, {{ share }} * (1 - {{ share }})) / {{ n }}
                + {{ z2 }} / (4.0 * {{ n }} * {{ n }})
            )
        ) / (1 + {{ z2 }} / {{ n }})))
    end
{%- endmacro %}

{# A relation with one row for each sentiment. #}
{% macro sentiments() -%}
(
    {%- for sentiment in var("sentiments") %}
    select '{{ sentiment }}' as sentiment{{ " union all" if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}

{#
    Chapman's estimate (1951) of the number of posts from two passes that found n1 and n2 posts, m of them in both. It
    assumes that the passes find posts independently; it is too low if both find the same posts more easily.
#}
{% macro chapman(n1, n2, m) -%}
    (cast({{ n1 }} + 1 as double precision) * ({{ n2 }} + 1) / ({{ m }} + 1) - 1)
{%- endmacro %}

{#
    A bound of its 95% interval, log-normal over the posts that neither pass found (Chao 1987), so that it is never below
    the number found. operator: / for the lower bound, * for the upper.
#}
{% macro chapman_bound(n1, n2, m, operator) -%}
    {%- set seen = "(" ~ n1 ~ " + " ~ n2 ~ " - " ~ m ~ ")" -%}
    {%- set unseen = "(" ~ chapman(n1, n2, m) ~ " - " ~ seen ~ ")" -%}
    {%- set variance -%}
        (cast({{ n1 }} + 1 as double precision) * ({{ n2 }} + 1) * ({{ n1 }} - {{ m }}) * ({{ n2 }} - {{ m }})
        / (cast({{ m }} + 1 as double precision) * ({{ m }} + 1) * ({{ m }} + 2)))
    {%- endset -%}
    case
        when {{ unseen }} <= 0 then {{ seen }}
        else
            {{ seen }}
            + {{ unseen }} {{ operator }} exp({{ var("z_95") }} * sqrt(ln(1 + {{ variance }} / ({{ unseen }} * {{ unseen }}))))
    end
{%- endmacro %}

{#
    For a select list over observations: last_<count>, the last value shown of each count, and last_<count>_is_floor,
    whether that value was a floor. A later observation that does not show the count does not change it.
#}
{% macro last_counts(uid, counts) -%}
    {%- for count in counts %}
    {%- set last_shown %}
        over (
            partition by {{ uid }}
            order by case when {{ count }} is null then 1 else 0 end, observed_at desc, crawl_id desc
        )
    {%- endset %}
    first_value({{ count }}) {{ last_shown }} as last_{{ count }},
    first_value({{ count }} is not null and counts_are_floor) {{ last_shown }} as last_{{ count }}_is_floor
    {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
