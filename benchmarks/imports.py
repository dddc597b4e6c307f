"""python -m benchmarks.imports [--rows 1000000]: speed and memory of importing MediaCrawler's jsonl.

The rows are synthetic, with the columns and sizes of real ones: posts of the four crawled platforms in equal parts,
texts of 50 to 300 characters, 60 days, 300,000 authors per million rows. One row in ten repeats an earlier one: half of
these with the same counts, half as a later observation. They are written to a temporary folder and imported by
``tingfeng import`` in a process of its own. Prints seconds, rows per second, CPU seconds, and the peak memory of the
process and its children together.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from core.calendar import CHINA
from scrapers.parsers.values import WEIBO_EPOCH_S

_FIRST_DAY, _DAYS = datetime(2026, 1, 1, tzinfo=UTC), 60
_OBSERVED = datetime(2026, 3, 5, tzinfo=UTC)
_AUTHORS_PER_ROW = 0.3
_WORDS = (
    "小米 汽车 雷军 道歉 米粉 直播 拆车 续航 电池 刹车 交付 订单 用户 车主 智驾 辅助驾驶 充电 价格 降价 权益 门店 "
    "试驾 质量 设计 颜色 内饰 空间 座椅 音响 屏幕 系统 的 了 是 不 在 有 就 这 那 都 也 还 真的 感觉 觉得 可以 "
    "没有 什么 怎么 因为 所以 但是 如果 然后 已经 大家 自己 我们 今天 昨天 终于 到底 一直 非常 有点 比较 喜欢 "
    "讨厌 支持 反对 期待 失望 。 ， ！ ？ 、 \n [笑哭R] [doge] 😂 SU7 YU7 OTA 2026 100 3.5 km/h"
)


class _Rows:
    """Generates the rows of each platform; the same on every run."""

    def __init__(self, count: int) -> None:
        self._random = random.Random(2026)
        self._authors = [f"{self._random.getrandbits(96):024x}" for _ in range(max(int(count * _AUTHORS_PER_ROW), 1))]
        self._prose = "".join(self._random.choices(_WORDS.split(" "), k=300_000))

    def of(self, platform: str, count: int) -> Iterator[bytes]:
        make: Callable[[int], dict[str, Any]] = getattr(self, f"_{platform}")
        earlier: list[dict[str, Any]] = []
        for number in range(count):
            if number % 10 == 9:
                row = earlier.pop(self._random.randrange(len(earlier)))
                if number % 20 == 9:
                    row = row | {"last_modify_ts": row["last_modify_ts"] + 86_400_000, "liked_count": "12345"}
                    row |= {"voteup_count": 12345} if platform == "zhihu" else {}
            else:
                row = make(number)
                earlier = [*earlier[-999:], row]
            yield orjson.dumps(row)

    def _text(self) -> str:
        length = self._random.randint(50, 300)
        start = self._random.randrange(len(self._prose) - length)
        return self._prose[start : start + length]

    def _moment(self) -> datetime:
        return _FIRST_DAY + timedelta(seconds=self._random.randrange(_DAYS * 86_400))

    def _count(self) -> str:
        return str(int(self._random.paretovariate(0.8)) - 1)

    def _observed(self) -> int:
        return int(_OBSERVED.timestamp() * 1000) + self._random.randrange(86_400_000)

    def _xiaohongshu(self, number: int) -> dict[str, Any]:
        text, moment, author = self._text(), self._moment(), self._random.choice(self._authors)
        note_id = f"{int(moment.timestamp()):08x}{number:016x}"
        token = f"AB{number:042d}="
        host = "http://sns-webpic-qc.xhscdn.com/202604011851"
        images = (f"{host}/{self._random.getrandbits(128):032x}/1040g2sg31p1h4{author[:22]}!nd_dft_wlteh_jpg_3",)
        return {
            "note_id": note_id, "type": "normal", "title": text[:18].strip(), "desc": f"{text}\n#小米[话题]#",
            "video_url": "", "time": int(moment.timestamp() * 1000), "last_update_time": int(moment.timestamp() * 1000),
            "user_id": author, "nickname": f"合成用户{author[:6]}", "avatar": f"https://example.com/avatar/{author}",
            "liked_count": self._count(), "collected_count": self._count(), "comment_count": self._count(),
            "share_count": self._count(), "ip_location": "广东",
            "image_list": ",".join(images * self._random.randint(1, 8)), "tag_list": "小米,拆车",
            "last_modify_ts": self._observed(),
            "note_url": f"https://www.xiaohongshu.com/explore/{note_id}?xsec_token={token}&xsec_source=pc_search",
            "source_keyword": "小米", "xsec_token": token,
        }  # fmt: skip

    def _weibo(self, number: int) -> dict[str, Any]:
        moment, author = self._moment(), str(int(self._random.choice(self._authors)[:8], 16) + 10**9)
        note_id = str((int(moment.timestamp()) - WEIBO_EPOCH_S << 22) + number % (1 << 22))
        return {
            "note_id": note_id, "content": f"#小米# {self._text()}", "create_time": int(moment.timestamp()),
            "create_date_time": moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"), "liked_count": self._count(),
            "comments_count": self._count(), "shared_count": self._count(), "last_modify_ts": self._observed(),
            "note_url": f"https://m.weibo.cn/detail/{note_id}", "ip_location": "发布于 广东", "user_id": author,
            "nickname": f"合成用户{author[:6]}", "gender": "f", "profile_url": f"https://m.weibo.cn/u/{author}",
            "avatar": f"https://example.com/avatar/{author}", "source_keyword": "小米",
        }  # fmt: skip

    def _douyin(self, number: int) -> dict[str, Any]:
        text, moment, author = self._text(), self._moment(), self._random.choice(self._authors)
        aweme_id = str((int(moment.timestamp()) << 32) + number)
        return {
            "aweme_id": aweme_id, "aweme_type": "0", "title": text, "desc": text,
            "create_time": int(moment.timestamp()), "user_id": str(int(author[:14], 16)),
            "sec_uid": f"MS4wLjABAAAA{author * 2}", "short_user_id": "0",
            "user_unique_id": author[:11], "user_signature": "合成签名", "nickname": f"合成用户{author[:6]}",
            "avatar": f"https://example.com/avatar/{author}", "liked_count": self._count(),
            "collected_count": self._count(), "comment_count": self._count(), "share_count": self._count(),
            "ip_location": "浙江", "last_modify_ts": self._observed(),
            "aweme_url": f"https://www.douyin.com/video/{aweme_id}", "cover_url": f"https://example.com/cover/{aweme_id}",
            "video_download_url": f"https://example.com/video/{aweme_id}", "music_download_url": "",
            "note_download_url": "", "source_keyword": "小米",
        }  # fmt: skip

    def _zhihu(self, number: int) -> dict[str, Any]:
        text, moment, author = self._text(), self._moment(), self._random.choice(self._authors)
        content_id = str(1_990_000_000_000_000_000 + number)
        return {
            "content_id": content_id, "content_type": "answer", "content_text": text,
            "content_url": f"https://www.zhihu.com/question/448987097/answer/{content_id}", "question_id": "448987097",
            "title": "如何看待小米道歉？", "desc": text[:50], "created_time": int(moment.timestamp()),
            "updated_time": int(moment.timestamp()), "voteup_count": int(self._count()),
            "comment_count": int(self._count()), "source_keyword": "小米", "user_id": author + "00000000",
            "user_link": f"https://www.zhihu.com/people/{author[:12]}", "user_nickname": f"合成用户{author[:6]}",
            "user_avatar": f"https://example.com/avatar/{author}", "user_url_token": author[:12],
            "last_modify_ts": self._observed(),
        }  # fmt: skip


def write_rows(folder: Path, count: int) -> None:
    """A file for each platform, as MediaCrawler names them."""
    rows = _Rows(count)
    for platform in ("xiaohongshu", "weibo", "douyin", "zhihu"):
        path = folder / platform / "jsonl" / "search_contents_2026-03-05.jsonl"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            file.writelines(line + b"\n" for line in rows.of(platform, count // 4))


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and memory of importing MediaCrawler's jsonl.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows: int = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        write_rows(source, rows)
        size = sum(path.stat().st_size for path in source.rglob("*.jsonl"))
        sys.stdout.write(f"{rows:,} rows, {size / 1e6:,.0f} MB\n")
        start = time.monotonic()
        importer = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "import", str(source)],
            env={
                **os.environ,
                "TINGFENG_DATA": str(Path(scratch) / "data"),
                "TINGFENG_PSEUDONYM_KEY": "key of benchmarks",
            },
            stdout=subprocess.DEVNULL,
        )
        peak = _peak_memory(importer)
        seconds = time.monotonic() - start
    if importer.returncode:
        sys.exit("the import failed; see above")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(
        f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s, {used.ru_utime + used.ru_stime:.1f} s of CPU\n"
        f"peak memory, children included: {peak / 1e6:,.0f} MB\n"
    )


def _peak_memory(process: subprocess.Popen[bytes]) -> int:
    """The peak memory of a process and its descendants in bytes; shared pages count once."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_memory, _with_descendants(process.pid))))
        time.sleep(0.1)
    return peak


def _with_descendants(process: int) -> Iterator[int]:
    """The ids of a process and its descendants."""
    yield process
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    except OSError:  # the process has ended
        return
    for child in children:
        yield from _with_descendants(int(child))


def _memory(process: int) -> int:
    """The proportional set size of a process in bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return 1024 * next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
