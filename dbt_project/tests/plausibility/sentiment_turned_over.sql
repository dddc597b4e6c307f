{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_posts"}}}) }}

-- The balance (positive minus negative posts, as a share of all) of a day with at least 20 posts has the other sign
-- than in the fortnight before, both at least 0.2 from zero, and the model is the same. Within an event labels may have
-- been exchanged; a campaign can also turn the balance over.
with balances as (
    select
        platform,
        posted_date,
        sentiment_model,
        count(*) as posts,
        sum(case model_sentiment when 'positive' then 1 when 'negative' then -1 else 0 end) as surplus
    from {{ ref("fct_posts") }}
    group by platform, posted_date, sentiment_model
)

select
    days.platform,
    days.posted_date,
    days.sentiment_model,
    days.posts,
    days.surplus * 1.0 / days.posts as balance,
    sum(earlier.surplus) * 1.0 / sum(earlier.posts) as balance_before
from balances as days
inner join balances as earlier
    on
        days.platform = earlier.platform
        and days.sentiment_model = earlier.sentiment_model
        and {{ in_fortnight_before("earlier.posted_date", "days.posted_date") }}
where days.posts >= 20 and abs(days.surplus) >= 0.2 * days.posts
group by days.platform, days.posted_date, days.sentiment_model, days.posts, days.surplus
having
    sum(earlier.posts) >= 20
    and abs(sum(earlier.surplus)) >= 0.2 * sum(earlier.posts)
    and (days.surplus > 0) <> (sum(earlier.surplus) > 0)
