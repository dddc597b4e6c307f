{#
    A number under voices or heat in listening.yaml, by its path: setting("voices.kol_followers"). The build fails if the
    setting is missing, since null would change figures without notice.
#}
{% macro setting(name) -%}
    coalesce(
        (select max(value) from {{ ref("stg_enriched__settings") }} where name = '{{ name }}'),
        {{ raise_error("enriched/settings has no row " ~ name ~ "; materialize the asset enriched/settings, then build again") }}
    )
{%- endmacro %}

{# An SQL expression that fails with the message once it is evaluated. #}
{% macro raise_error(message) -%}
    {{ return(adapter.dispatch("raise_error")(message)) }}
{%- endmacro %}

{% macro duckdb__raise_error(message) -%}
    error('{{ message }}')
{%- endmacro %}
