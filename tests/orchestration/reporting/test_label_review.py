"""The review of labels that 'tingfeng labels' prints."""

from pathlib import Path

import pytest

from core.storage.raw import land, to_frame
from tests.commands import tingfeng
from tests.warehouse import post

HEADER = "platform,post_id,sentiment,labeller,labelled_at\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of labels, beside raw with the post 1 of Weibo."""
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    land(tmp_path, "posts", "weibo", "2026-01-05", "c", to_frame("posts", [post("weibo", "1", "2026-01-05", 1, 1, 1)]))
    (tmp_path / "labels/relevance").mkdir(parents=True)
    return tmp_path / "labels"


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines, the cells of tables separated by one blank."""
    assert tingfeng("labels") == 0
    return [" ".join(line.replace("|", " ").split()) for line in capsys.readouterr().out.splitlines()]


def test_contradictions_have_file_and_line_and_the_label_that_counts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = folder / "a.csv", folder / "b.csv"
    first.write_text(f"{HEADER}weibo,1,negative,甲,2026-01-08 10:30\nweibo,2,neutral,甲,2026-01-08\n", encoding="utf-8")
    second.write_text(f"{HEADER}weibo,1,positive,乙,2026-01-07\nweibo,2,neutral,乙,2026-01-07\n", encoding="utf-8")
    lines = printed(capsys)
    assert "Labels of sentiment: 4 by 2 labellers, on 2 posts or texts." in lines
    place = lines.index("Contradictions: 1")
    assert lines[place + 3 : place + 5] == [
        "weibo:1 positive 乙 2026-01-07 00:00 labels/b.csv:2",
        "weibo:1 negative 甲 2026-01-08 10:30 yes labels/a.csv:2",
    ]
    assert lines[place + 5].startswith("The latest label of a post counts")
    assert "乙 甲 2 1 0.333" in lines


def test_labels_of_unknown_posts_are_counted_by_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "a.csv"
    path.write_text(f"{HEADER}weibo,1,negative,甲,2026-01-08\nweibo,2,neutral,甲,2026-01-08\n", encoding="utf-8")
    lines = printed(capsys)
    place = lines.index("Labels of posts that raw does not have: 1, of 1 posts")
    assert lines[place + 3] == "labels/a.csv weibo 1 1 2 (line 3)"
    assert "No contradictions." in lines
    assert "No two labellers labelled the same, so their agreement is not known." in lines


def test_labels_of_relevance_are_reviewed_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A post is judged for a topic; texts without a post are no unknown posts, and all of their labels count."""
    path = folder / "relevance/r.csv"
    rows = [
        "weibo,1,,demo,yes,甲", "weibo,1,,demo,no,乙", "weibo,1,,other,no,甲",
        ",,早上一碗小米粥,demo,no,甲", ",,早上一碗小米粥,demo,yes,乙",
    ]  # fmt: skip
    path.write_text("\n".join(["platform,post_id,text,topic_id,relevant,labeller", *rows]), encoding="utf-8")
    lines = printed(capsys)
    place = lines.index("Contradictions: 2")
    assert lines[place + 3 : place + 7] == [
        "weibo:1 demo yes 甲 labels/relevance/r.csv:2",
        "weibo:1 demo no 乙 yes labels/relevance/r.csv:3",
        "早上一碗小米粥 demo no 甲 yes labels/relevance/r.csv:5",
        "早上一碗小米粥 demo yes 乙 yes labels/relevance/r.csv:6",
    ]
    assert "All labelled posts are in raw." in lines
    assert [line for line in lines if line.startswith("乙 甲 2 0 ")]


def test_no_file_is_wrapped_or_cut_and_long_texts_are_shortened(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two long texts that begin alike are two."""
    name = f"{'r' * 200}.csv"
    rows = [f",,{'小米' * 100}{end},demo,{relevant}" for end in "乙甲" for relevant in ("yes", "no")]
    path = folder / "relevance" / name
    path.write_text("\n".join(["platform,post_id,text,topic_id,relevant", *rows]), encoding="utf-8")
    lines = printed(capsys)
    place = lines.index("Contradictions: 2")
    assert lines[place + 3 : place + 5] == [
        f"{'小米' * 30}… demo yes yes labels/relevance/{name}:2",
        f"{'小米' * 30}… demo no yes labels/relevance/{name}:3",
    ]


def test_labels_of_relevance_need_no_labeller(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "relevance/r.csv").write_text("platform,post_id,text,topic_id,relevant\nweibo,1,,demo,yes\n", "utf-8")
    assert printed(capsys)[0] == "Labels of relevance: 1, on 1 posts or texts."


def test_without_labels_it_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys) == [f"No labels in {folder} and {folder / 'relevance'}."]


def test_a_wrong_label_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.csv").write_text(f"{HEADER}weibo,1,bad,甲,2026-01-08\n", encoding="utf-8")
    assert tingfeng("labels") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "a.csv: line 2: sentiment 'bad'" in captured.err
