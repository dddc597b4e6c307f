{{ config(materialized="ephemeral") }}

select * from {{ ref("stg_weibo__comments") }}
-- What Weibo's own bot writes under popular posts is nobody's voice. It goes by 罗伯特 or 罗伯特聪明版, shown as a place.
where coalesce(ip_location, '') not like '罗伯特%'
union all
select * from {{ ref("stg_douyin__comments") }}
union all
select * from {{ ref("stg_xiaohongshu__comments") }}
union all
select * from {{ ref("stg_zhihu__comments") }}
