{{ config(materialized="ephemeral") }}

{{ union_platforms("posts") }}
