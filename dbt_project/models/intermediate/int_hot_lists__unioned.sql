{{ config(materialized="ephemeral") }}

-- Xiaohongshu has no hot list that is public.
select * from {{ ref("stg_weibo__hot_lists") }}
union all
select * from {{ ref("stg_douyin__hot_lists") }}
union all
select * from {{ ref("stg_zhihu__hot_lists") }}
