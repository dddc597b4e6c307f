"""The process of a crawl: runs Scrapy and sends its log lines and stats to Dagster through Pipes.

Started by orchestration/lib/crawl.py. A reactor cannot be restarted, so each crawl has its own process.
"""

import logging
import signal

from dagster_pipes import PipesContext, open_dagster_pipes
from scrapy.crawler import CrawlerProcess
from scrapy.utils.project import get_project_settings

# The hard limit, a quarter of an hour after the soft one (CLOSESPIDER_TIMEOUT), at which the spider stops by itself.
GRACE_SECONDS = 15 * 60


class _ToDagster(logging.Handler):
    def __init__(self, pipes: PipesContext) -> None:
        super().__init__(logging.INFO)
        self._pipes = pipes

    def emit(self, record: logging.LogRecord) -> None:
        self._pipes.log.log(record.levelno, record.getMessage())


def main() -> None:
    settings = get_project_settings()
    settings.set("LOG_LEVEL", "WARNING")
    signal.alarm(settings.getint("CLOSESPIDER_TIMEOUT") + GRACE_SECONDS)
    with open_dagster_pipes() as pipes:
        process = CrawlerProcess(settings)
        # The spider's log lines go to the run's log. Scrapy's own warnings and errors go to the process's stderr, which
        # Dagster keeps with the step.
        spider_log = logging.getLogger(pipes.get_extra("platform"))
        spider_log.setLevel(logging.INFO)
        spider_log.propagate = False
        spider_log.addHandler(_ToDagster(pipes))
        crawler = process.create_crawler(pipes.get_extra("platform"))
        process.crawl(crawler, **pipes.get_extra("arguments"))
        process.start()
        stats = crawler.stats.get_stats()
        pipes.report_custom_message(
            {
                "finish_reason": stats.get("finish_reason", "crashed"),
                "seconds": round(stats.get("elapsed_time_seconds", 0.0), 1),
                "errors": stats.get("log_count/ERROR", 0),
            }
            | {name.removeprefix("tingfeng/"): value for name, value in stats.items() if name.startswith("tingfeng/")}
        )


if __name__ == "__main__":
    main()
