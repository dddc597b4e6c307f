{{
    conform_posts(
        source("raw", "douyin_posts"), shows_shares=true, shows_collects=true, collects_are_interactions=false
    )
}}
