{#
    The only place that knows that sources are Parquet files. Both macros take source(...) and give a relation to select
    from, with the source's columns and version, the file's name without its ending:

    landed_rows    all files: raw is append-only
    current_rows   of each folder the last file by name: each holds the whole of its folder

    They read the files that are there when the model is compiled, of the run's days alone where the source has day=
    folders. A source without files is an empty relation with the columns that its yml declares.
#}

{% macro landed_rows(relation) -%}
    {{ return(adapter.dispatch("file_rows")(relation, "file")) }}
{%- endmacro %}

{% macro current_rows(relation) -%}
    {{ return(adapter.dispatch("file_rows")(relation, "max(file)")) }}
{%- endmacro %}

{# posted_date and version of the current file of each of the run's days, also where the file is empty. #}
{% macro current_versions(relation) -%}
    {{ return(adapter.dispatch("current_versions")(relation)) }}
{%- endmacro %}

{% macro duckdb__file_rows(relation, file) -%}
    {%- if not execute or not relation.external -%}
        {{ return(relation) }}  {#- parsing, or the fixture of a unit test -#}
    {%- endif -%}
    {%- set files = run_query(
        "select " ~ file ~ " as file from " ~ duckdb__file_listing(relation)
        ~ (" group by folder" if file.startswith("max") else "") ~ " order by 1"
    ).columns[0].values() -%}
    {%- if files -%}
        (
            select *, parse_filename(filename, true) as version
            from read_parquet(
                ['{{ files | map("replace", "'", "''") | join("', '") }}'],
                hive_partitioning = true, union_by_name = true, filename = true
            )
        )
    {%- else -%}
        (
            select
                {% for column in source_columns(relation) -%}
                    cast(null as {{ column.data_type }}) as {{ column.name }},
                {% endfor -%}
                cast(null as varchar) as version
            where false
        )
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__current_versions(relation) -%}
    {%- if not execute -%}
        {{ return(relation) }}
    {%- endif -%}
    (
        select day as posted_date, max(version) as version
        from {{ duckdb__file_listing(relation) }}
        group by day
    )
{%- endmacro %}

{% macro duckdb__file_listing(relation) -%}
    {%- set pattern = relation.external.strip("'") -%}
    (
        select *
        from (
            select
                file,
                parse_dirpath(file) as folder,
                parse_filename(file, true) as version,
                try_cast(regexp_extract(file, '/day=([0-9-]+)/[^/]+$', 1) as date) as day
            from glob('{{ pattern | replace("'", "''") }}')
        ) as files
        {%- if "/day=" in pattern %}
        where {{ in_window("day") }}
        {%- endif %}
    )
{%- endmacro %}

{% macro source_columns(relation) -%}
    {%- for node in graph.sources.values()
        if node.source_name == relation.schema and node.name == relation.identifier -%}
        {{ return(node.columns.values() | list) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error("No source is called " ~ relation.schema ~ "." ~ relation.identifier) }}
{%- endmacro %}
