{{
    conform_posts(
        source("raw", "xiaohongshu_posts"), shows_shares=true, shows_collects=true, collects_are_interactions=true
    )
}}
