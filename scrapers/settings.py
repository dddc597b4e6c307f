"""Scrapy settings. Each value that differs from Scrapy's default has its reason beside it."""

import os

from core.environment import browser_platforms, daily_requests, data_dir, sandbox_url, source, user_agent

# Whatever a crawl writes is readable by its owner alone, also if it is started by hand.
os.umask(0o077)

BOT_NAME = "tingfeng"
SPIDER_MODULES = ["scrapers.spiders"]
NEWSPIDER_MODULE = "scrapers.spiders"

TINGFENG_DATA = str(data_dir())
TINGFENG_SOURCE = source()
TINGFENG_SANDBOX_URL = sandbox_url()
TINGFENG_DAILY_REQUESTS = daily_requests()
TINGFENG_BROWSER = sorted(browser_platforms())
USER_AGENT = user_agent()

# One request at a time for a platform with all its hosts (middlewares/one_pace.py). A delay of 10 s is the default of
# the most widely used Weibo crawler; jitter is added. AutoThrottle lengthens the delay if the site responds slowly and
# never shortens it. The sandbox runs locally and needs no delay.
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 10 if TINGFENG_SOURCE == "live" else 0
DOWNLOAD_DELAY_JITTER = 0.5  # 5 to 15 s
AUTOTHROTTLE_ENABLED = TINGFENG_SOURCE == "live"
AUTOTHROTTLE_START_DELAY = 10
AUTOTHROTTLE_MAX_DELAY = 120
DOWNLOAD_TIMEOUT = 30

# Only connection faults and server errors are retried. A refusal (403, 418, 429, ...) is a block and never retried.
RETRY_TIMES = 2
RETRY_HTTP_CODES = [500, 502, 503, 504, 522, 524, 408]

# Crawls use the session of a logged-in person, for which robots.txt has no rules; requesting it would also cost one
# more request per crawl. See docs/decisions.md.
ROBOTSTXT_OBEY = False
# The operator's cookie is sent unchanged (middlewares/credentials.py); cookies that the sites set are not kept.
COOKIES_ENABLED = False
REDIRECT_ENABLED = False  # a redirect to a login page is evaluated, not followed
METAREFRESH_ENABLED = False  # likewise redirects in HTML
# Requests come from the operator's own address; a proxy from the environment would also receive the sandbox's requests.
HTTPPROXY_ENABLED = False
# Scrapy 2.19 accepts any certificate by default and would send the operator's login to an impostor.
DOWNLOAD_VERIFY_CERTIFICATES = True

# Crawls through the browser (handlers/browser.py). Its requests pass the same middlewares, slot and delays as others.
DOWNLOAD_HANDLERS = (
    {"https" if TINGFENG_SOURCE == "live" else "http": "scrapers.handlers.browser.BrowserHandler"}
    if TINGFENG_BROWSER
    else {}
)
PLAYWRIGHT_MAX_PAGES_PER_CONTEXT = 2  # a list of posts, and one post
PLAYWRIGHT_ABORT_REQUEST = "scrapers.handlers.browser.is_unneeded"
PLAYWRIGHT_PROCESS_REQUEST_HEADERS = None  # the browser keeps its own headers instead of Scrapy's

# Scrapy 2.19 opens a code-executing control server by default.
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False

# The soft time limit, enforced by spiders/fetching.py. The hard one is in orchestration/lib/crawl_process.py.
CLOSESPIDER_TIMEOUT = 3 * 3600

DOWNLOADER_MIDDLEWARES = {
    "scrapers.middlewares.sandbox_route.SandboxRoute": 10,  # first: its new request passes all of them again
    "scrapers.middlewares.credentials.Credentials": 500,
    "scrapers.middlewares.one_pace.OnePace": 520,
    "scrapers.middlewares.budget.Budget": 900,  # last before the request is sent, so that retries are counted too
}
ITEM_PIPELINES = {
    "scrapers.pipelines.pseudonymise.Pseudonymise": 100,
    "scrapers.pipelines.landing.Landing": 900,
}
EXTENSIONS = {
    "scrapers.extensions.progress.Progress": 0,
    "scrapy.extensions.logstats.LogStats": None,  # replaced by Progress
    "scrapy.extensions.memusage.MemoryUsage": None,
    "scrapy.extensions.closespider.CloseSpider": None,  # in 2.19 it hangs if it closes during a download
}
LOG_LEVEL = "INFO"
LOG_VERSIONS: list[str] = []
LOG_FORMATTER = "scrapers.logs.WithoutContent"
