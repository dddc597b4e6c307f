{{ config(materialized="ephemeral") }}

{{ union_platforms("hot_lists") }}
