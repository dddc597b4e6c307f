{{ config(materialized="ephemeral") }}

select * from {{ ref("stg_weibo__authors") }}
union all
select * from {{ ref("stg_douyin__authors") }}
union all
select * from {{ ref("stg_xiaohongshu__authors") }}
union all
select * from {{ ref("stg_zhihu__authors") }}
