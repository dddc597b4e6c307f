{#
    The only place that knows that sources are Parquet files. Each macro takes source(...) and returns a relation to
    select from. If the source has day= folders, it is limited to the days of the run, unless every_day is true:

    landed_rows        the rows of all files, since raw is append-only; of raw only those observed by TINGFENG_AS_OF
    current_rows       the rows of the last file, by name, of each folder; version is the file's name without extension
    current_versions   posted_date and version of that file, even if it has no rows

    The relation has the columns that the source's yml declares: a column that (older) files lack is null, and without
    files the relation is empty.
#}

{% macro landed_rows(relation) -%}
    {{ return(adapter.dispatch("landed_rows")(relation)) }}
{%- endmacro %}

{% macro current_rows(relation, every_day=false) -%}
    {{ return(adapter.dispatch("current_rows")(relation, every_day)) }}
{%- endmacro %}

{% macro current_versions(relation) -%}
    {{ return(adapter.dispatch("current_versions")(relation)) }}
{%- endmacro %}

{% macro duckdb__landed_rows(relation, every_day=false) -%}
    {%- if not relation.external -%}
        {{ return(relation) }}  {#- parsing, or the fixture of a unit test -#}
    {%- endif -%}
    {%- set files = file_pattern(relation, every_day) -%}
    {%- if run_query("select count(*) from glob(" ~ files ~ ")").columns[0][0] -%}
        (
            select *, parse_filename(filename, true) as version
            from read_parquet({{ files }}, hive_partitioning = true, union_by_name = true, filename = true)
            where
                {{ in_window("day") if "/day=" in files and not every_day else "true" }}
                {%- if relation.schema == "raw" %}
                and {{ utc_timestamp("observed_at") }} <= {{ as_of() }}
                {%- endif %}
            union all by name
            {{ no_rows(relation) }}
        ) as files_read
    {%- else -%}
        ({{ no_rows(relation) }}) as no_files
    {%- endif -%}
{%- endmacro %}

{% macro no_rows(relation) -%}
    select
        {% for column in source_columns(relation) -%}
            cast(null as {{ column.data_type }}) as {{ column.name }},
        {% endfor -%}
        cast(null as varchar) as filename,
        cast(null as varchar) as version
    where false
{%- endmacro %}

{% macro duckdb__current_rows(relation, every_day=false) -%}
    {%- if not relation.external -%}
        {{ return(relation) }}
    {%- endif -%}
    (
        select *
        from {{ duckdb__landed_rows(relation, every_day) }}
        where filename in (
            select max(file) from glob({{ file_pattern(relation, every_day) }}) group by parse_dirpath(file)
        )
    ) as current_files
{%- endmacro %}

{% macro duckdb__current_versions(relation) -%}
    {%- if not relation.external -%}
        {{ return(relation) }}
    {%- endif -%}
    (
        select posted_date, version
        from (
            select
                cast(regexp_extract(parse_dirpath(file), 'day=([0-9-]+)$', 1) as date) as posted_date,
                max(parse_filename(file, true)) as version
            from glob({{ file_pattern(relation) }})
            group by parse_dirpath(file)
        ) as folders
        where {{ in_window("posted_date") }}
    )
{%- endmacro %}

{#
    The source's files as a quoted glob pattern, narrowed to the common prefix of the run's days: union_by_name, which
    allows new columns, opens every file that matches (1 s for 1,250 files).
#}
{% macro file_pattern(relation, every_day=false) -%}
    {%- set prefix = "" if every_day else window_prefix() -%}
    {{ return(relation.external | replace("/day=*/", "/day=" ~ prefix ~ "*/")) }}
{%- endmacro %}

{# A path as a glob pattern that matches only itself: a file may be called "posts [2].parquet". #}
{% macro literal_glob(path) -%}
    {{ return(path | replace("[", "[[]") | replace("*", "[*]") | replace("?", "[?]")) }}
{%- endmacro %}

{% macro source_columns(relation) -%}
    {%- for node in graph.sources.values()
        if node.source_name == relation.schema and node.name == relation.identifier -%}
        {{ return(node.columns.values() | list) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error("No source is called " ~ relation.schema ~ "." ~ relation.identifier) }}
{%- endmacro %}
