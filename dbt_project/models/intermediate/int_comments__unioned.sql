{{ config(materialized="ephemeral") }}

{{ union_platforms("comments") }}
