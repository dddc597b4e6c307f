with accounts as (
    select * from {{ ref("stg_enriched__accounts") }}
),

-- On some platforms posts carry another account id than the listed one. These accounts match by
-- name; names are landed for listed accounts only.
named as (
    select
        author_uid,
        platform,
        author_name
    from {{ ref("int_authors__unioned") }}
    where author_name is not null and observed_at <= {{ as_of() }}
    group by author_uid, platform, author_name
)

select
    author_uid,
    name,
    official_for as brand
from accounts
union distinct
select
    named.author_uid,
    accounts.name,
    accounts.official_for as brand
from named
inner join accounts on named.platform = accounts.platform and named.author_name = accounts.name
