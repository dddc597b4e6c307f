"""Live crawls, of a local site without delays: one download slot, a verified certificate, no cookie in the log."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request as SiteRequest
from starlette.responses import Response
from starlette.routing import Route

ROOT = Path(__file__).resolve().parents[3]
COOKIE = 'SUB=_2A25FakeFakeFake; SUBP="0033-fake-fake"; lang=zh'
# The crawl, by a spider that logs its request headers.
LOGS_EVERYTHING = """
import sys
from scrapy.crawler import CrawlerProcess
from scrapy.utils.project import get_project_settings
from scrapers.spiders import weibo

weibo.SEARCH = sys.argv[1]

class Logging(weibo.WeiboSpider):
    async def fetch(self, request):
        response = await super().fetch(request)
        self.logger.debug("slots: %s", list(self.crawler.engine.downloader.slots))
        self.logger.debug("sent %s", request.headers)
        self.logger.debug(f"sent {request.headers['Cookie'].decode()}")
        try:
            raise ValueError(request.headers["Cookie"])
        except ValueError:
            self.logger.exception("failed")
        return response

settings = get_project_settings()
settings.update({"AUTOTHROTTLE_ENABLED": False, "DOWNLOAD_DELAY": 0, "LOG_LEVEL": "DEBUG"}, "cmdline")
process = CrawlerProcess(settings)
process.crawl(Logging, day="2026-01-05", queries='["小米"]')
process.start()
"""


@pytest.fixture
def crawl_live(tmp_path: Path) -> Callable[..., str]:
    """``crawl_live(address of the search, **environment)``: the log of a live crawl of Weibo."""

    def run(search: str, **environment: str) -> str:
        live = {"TINGFENG_SOURCE": "live", "TINGFENG_DATA": str(tmp_path), "TINGFENG_WEIBO_COOKIE": COOKIE}
        done = subprocess.run(
            [sys.executable, "-c", LOGS_EVERYTHING, search],
            cwd=ROOT, env=os.environ | live | environment, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


def seen_cookies(sent: list[str]) -> Starlette:
    async def refuse(request: SiteRequest) -> Response:
        sent.append(request.headers["cookie"])
        return Response("", status_code=418)

    return Starlette(routes=[Route("/weibo", refuse)])


def test_a_live_crawl_uses_one_slot_named_after_the_platform(
    crawl_live: Callable[..., str], serve: Callable[[Starlette], str]
) -> None:
    assert "slots: ['weibo']" in crawl_live(f"{serve(seen_cookies([]))}/weibo")


@pytest.fixture
def self_signed(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, key_file = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key_file


@pytest.fixture
def tls_site(self_signed: tuple[Path, Path]) -> Iterator[tuple[str, list[str]]]:
    """The address of a TLS site, and the cookies that were sent to it."""
    sent: list[str] = []
    certificate, key = self_signed
    listener = socket.create_server(("127.0.0.1", 0))  # connections queue here until the server is up
    config = uvicorn.Config(seen_cookies(sent), log_level="error", ssl_certfile=certificate, ssl_keyfile=key)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/weibo", sent
    server.should_exit = True
    thread.join()


def test_the_cookie_is_sent_only_to_a_site_with_a_valid_certificate(
    crawl_live: Callable[..., str], tls_site: tuple[str, list[str]], self_signed: tuple[Path, Path]
) -> None:
    address, sent = tls_site
    log = crawl_live(address)
    assert sent == []
    assert "certificate verify failed" in log
    crawl_live(address, SSL_CERT_FILE=str(self_signed[0]))  # now the certificate is trusted
    assert sent == [COOKIE]


def test_the_cookie_is_not_in_the_debug_log(crawl_live: Callable[..., str], serve: Callable[[Starlette], str]) -> None:
    sent: list[str] = []
    log = crawl_live(f"{serve(seen_cookies(sent))}/weibo")
    assert sent == [COOKIE]
    assert "ValueError: (its message is not logged" in log, log
    assert "sent ***" in log, log
    assert "_2A25FakeFakeFake" not in log
    assert "0033-fake-fake" not in log
