{{ conform_posts(source("raw", "douyin_posts")) }}
