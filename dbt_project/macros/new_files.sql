{#
    Incremental strategy new_files, for tables other than posts, whose days are not those of the run: a comment is
    stored under its own day, which can be any day after its post's, accounts and hot lists under the day of reading.

    new_rows takes source(...) and returns a relation to select from: in an incremental run the rows of the files that
    the model has not read yet, else of all files. landed_file is the file's path; the model must keep this column. The
    strategy also deletes the rows of files that no longer exist (retention, deletion, a new version). Each file is read
    once and completely; downstream models filter by TINGFENG_AS_OF.
#}

{% macro new_rows(relation) -%}
    {{ return(adapter.dispatch("new_rows")(relation)) }}
{%- endmacro %}

{# The paths of a source's files (landed_file); for enriched sources only the current version in each folder. #}
{% macro landed_files(relation) -%}
    {{ return(adapter.dispatch("landed_files")(relation)) }}
{%- endmacro %}

{% macro duckdb__landed_files(relation) -%}
    {%- if relation.schema == "enriched" -%}
        (select max(file) as landed_file from glob({{ relation.external }}) group by parse_dirpath(file)) as files
    {%- else -%}
        (select file as landed_file from glob({{ relation.external }})) as files
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__new_rows(relation) -%}
    {%- if not relation.external -%}
        {{ return(relation) }}  {#- parsing, or the fixture of a unit test -#}
    {%- endif -%}
    {%- set unread -%}
        select landed_file from {{ landed_files(relation) }}
        {%- if is_incremental() %}
        where landed_file not in (select distinct landed_file from {{ this }})
        {%- endif %}
    {%- endset -%}
    {%- set paths = [] -%}
    {%- for path in run_query(unread).columns[0].values() -%}
        {%- do paths.append(literal_glob(path)) -%}
    {%- endfor -%}
    (
        select *, filename as landed_file
        from (
            {%- if paths %}
            select *
            from read_parquet(
                ['{{ paths | join("', '") }}'],
                hive_partitioning = true, union_by_name = true, filename = true
            )
            union all by name
            {%- endif %}
            {{ no_rows(relation) }}
        ) as files_read
    ) as new_files
{%- endmacro %}

{% macro get_incremental_new_files_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    {%- set landed = source(model.sources[0][0], model.sources[0][1]) -%}
    delete from {{ arg_dict["target_relation"] }}
    where landed_file not in (select landed_file from {{ landed_files(landed) }});
    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }}
{% endmacro %}

{# The value at a path of keys in a JSON text, as text; null if the text is not valid JSON or has no such key. #}
{% macro json_value(column, keys) -%}
    {{ return(adapter.dispatch("json_value")(column, keys)) }}
{%- endmacro %}

{% macro duckdb__json_value(column, keys) -%}
    case when json_valid({{ column }}) then json_extract_string({{ column }}, '$.{{ keys | join(".") }}') end
{%- endmacro %}
