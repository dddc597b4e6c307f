{#
    Incremental strategy replace_window: the run's days are taken out by their date and written anew, in the one
    transaction of the model. Deleting by key, as delete+insert does, would leave the rows of a day that has become empty.

    The table must have posted_date. With unique_key, rows of the same key on other days go too: a post moves to another
    day when a mended parser reads its time anew.
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
