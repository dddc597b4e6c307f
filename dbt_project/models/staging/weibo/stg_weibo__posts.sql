{{
    conform_posts(
        source("raw", "weibo_posts"), shows_shares=true, shows_collects=false, collects_are_interactions=false
    )
}}
