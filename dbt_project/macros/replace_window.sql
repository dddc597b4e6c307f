{#
    Incremental strategy replace_window: deletes the days of the run by date and inserts them again, in the model's
    transaction. Deleting by key, as delete+insert does, would keep the old rows of a day that has become empty.

    The table must have posted_date. With unique_key, rows with the same key on other days are deleted too: a post moves
    to another day when a corrected parser reads its time differently.
#}
{% macro get_incremental_replace_window_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    delete from {{ arg_dict["target_relation"] }}
    where {{ in_window("posted_date") }}
    {%- if arg_dict["unique_key"] %}
        or {{ arg_dict["unique_key"] }} in (select {{ arg_dict["unique_key"] }} from {{ arg_dict["temp_relation"] }})
    {%- endif %};
    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }}
{% endmacro %}
