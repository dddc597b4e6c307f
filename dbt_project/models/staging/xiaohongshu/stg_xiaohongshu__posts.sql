{{ conform_posts(source("raw", "xiaohongshu_posts")) }}
