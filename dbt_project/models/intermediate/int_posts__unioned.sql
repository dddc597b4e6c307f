{{ config(materialized="ephemeral") }}

select * from {{ ref("stg_weibo__posts") }}
union all
select * from {{ ref("stg_douyin__posts") }}
union all
select * from {{ ref("stg_xiaohongshu__posts") }}
union all
select * from {{ ref("stg_zhihu__posts") }}
