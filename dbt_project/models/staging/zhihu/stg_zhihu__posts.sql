{{
    conform_posts(
        source("raw", "zhihu_posts"), shows_shares=false, shows_collects=true, collects_are_interactions=false
    )
}}
