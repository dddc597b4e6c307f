"""Scrapy settings: politeness first. Every value that differs from Scrapy's default has its reason beside it."""

from core.environment import browser_platforms, daily_requests, data_dir, sandbox_url, source, user_agent

BOT_NAME = "tingfeng"
SPIDER_MODULES = ["scrapers.spiders"]
NEWSPIDER_MODULE = "scrapers.spiders"

TINGFENG_DATA = str(data_dir())
TINGFENG_SOURCE = source()
TINGFENG_SANDBOX_URL = sandbox_url()
TINGFENG_DAILY_REQUESTS = daily_requests()
TINGFENG_BROWSER = sorted(browser_platforms())
USER_AGENT = user_agent()

# One request at a time for a platform and all its hosts (middlewares/one_pace.py), slowly: 10 s is what the most used
# Weibo crawler does by default, with jitter. AutoThrottle makes it slower where the site answers slowly, never faster.
# The sandbox is ours, on loopback, and needs no mercy.
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 10 if TINGFENG_SOURCE == "live" else 0
DOWNLOAD_DELAY_JITTER = 0.5  # 5 to 15 s
AUTOTHROTTLE_ENABLED = TINGFENG_SOURCE == "live"
AUTOTHROTTLE_START_DELAY = 10
AUTOTHROTTLE_MAX_DELAY = 120
DOWNLOAD_TIMEOUT = 30

# Only faults of the line and the server are tried again. A refusal (403, 418, 429, ...) never is: it is a block.
RETRY_TIMES = 2
RETRY_HTTP_CODES = [500, 502, 503, 504, 522, 524, 408]

# The sites answer a logged-in person's own session, for which robots.txt makes no rule; asking for it would also be
# one more request a crawl. See docs/decisions.md.
ROBOTSTXT_OBEY = False
# The operator's cookie is sent as it is (middlewares/credentials.py); cookies that the sites set are not kept.
COOKIES_ENABLED = False
REDIRECT_ENABLED = False  # a redirect to a login page is an answer to read, not to follow
METAREFRESH_ENABLED = False  # nor one that stands in the page
# Nobody's address but the operator's own; and a proxy of the environment would take the sandbox's requests, too.
HTTPPROXY_ENABLED = False
# Scrapy 2.19 takes any certificate by default, and would hand the operator's login to whoever answers.
DOWNLOAD_VERIFY_CERTIFICATES = True

# The browser way (handlers/browser.py). Its requests pass the same middlewares, slot and delays as all others.
DOWNLOAD_HANDLERS = (
    {"https" if TINGFENG_SOURCE == "live" else "http": "scrapers.handlers.browser.BrowserHandler"}
    if TINGFENG_BROWSER
    else {}
)
PLAYWRIGHT_MAX_PAGES_PER_CONTEXT = 2  # a list of posts, and one post that is looked at beside it
PLAYWRIGHT_ABORT_REQUEST = "scrapers.handlers.browser.is_not_looked_at"
PLAYWRIGHT_PROCESS_REQUEST_HEADERS = None  # the browser's own, not Scrapy's

# Scrapy 2.19 opens a code-executing control server by default.
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False

CLOSESPIDER_TIMEOUT = 3 * 3600  # the soft limit, kept by spiders/crawl.py; the hard one is in orchestration/

DOWNLOADER_MIDDLEWARES = {
    "scrapers.middlewares.sandbox_route.SandboxRoute": 10,  # first: what it returns passes all of them anew
    "scrapers.middlewares.credentials.Credentials": 500,
    "scrapers.middlewares.one_pace.OnePace": 520,
    "scrapers.middlewares.budget.Budget": 900,  # the last before the request goes out: retries pass it again
}
ITEM_PIPELINES = {
    "scrapers.pipelines.pseudonymise.Pseudonymise": 100,
    "scrapers.pipelines.landing.Landing": 900,
}
EXTENSIONS = {
    "scrapers.extensions.progress.Progress": 0,
    "scrapy.extensions.logstats.LogStats": None,  # Progress says the same in the words of the project
    "scrapy.extensions.memusage.MemoryUsage": None,
    "scrapy.extensions.closespider.CloseSpider": None,  # in 2.19 it hangs when it closes in the middle of a download
}
LOG_LEVEL = "INFO"
LOG_VERSIONS: list[str] = []
