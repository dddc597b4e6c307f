{{ config(materialized="ephemeral") }}

{{ union_platforms("authors") }}
