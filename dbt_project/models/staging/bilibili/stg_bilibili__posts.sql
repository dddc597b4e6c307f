{{ conform_posts(source("raw", "bilibili_posts")) }}
