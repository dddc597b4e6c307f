{{ conform_posts(source("raw", "zhihu_posts")) }}
