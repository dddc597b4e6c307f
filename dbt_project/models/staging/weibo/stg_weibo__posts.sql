{{ conform_posts(source("raw", "weibo_posts")) }}
