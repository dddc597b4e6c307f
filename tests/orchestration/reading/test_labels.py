from datetime import UTC, datetime

import pytest

from orchestration.reading.labels import LABELS, LabelProblem, load_labels

HEADER = "platform,post_id,sentiment,labeller,labelled_at\n"


def write(folder, name, *lines, header=HEADER, encoding="utf-8"):
    (folder / name).write_text(header + "".join(f"{line}\n" for line in lines), encoding=encoding)


def test_labels_are_read_from_every_file(tmp_path):
    write(tmp_path, "b.csv", "weibo,5252110000000001,negative,甲,2026-01-07 10:30")
    write(tmp_path, "a.csv", "zhihu,7,positive,乙,2026-01-07T10:30:00Z", "weibo,9,neutral,乙,2026-01-07")
    write(tmp_path, "notes.txt", "no labels at all")
    labels = load_labels(tmp_path)
    assert labels.schema == LABELS
    assert labels.rows() == [
        ("weibo", "5252110000000001", "negative", "甲", datetime(2026, 1, 7, 2, 30, tzinfo=UTC), None),
        ("weibo", "9", "neutral", "乙", datetime(2026, 1, 6, 16, tzinfo=UTC), None),
        ("zhihu", "7", "positive", "乙", datetime(2026, 1, 7, 10, 30, tzinfo=UTC), None),
    ]


def test_without_labels_the_frame_is_empty(tmp_path):
    assert load_labels(tmp_path / "labels").schema == LABELS
    write(tmp_path, "a.csv")
    assert load_labels(tmp_path).rows() == []


def test_the_last_label_of_a_post_wins_by_time_then_by_place(tmp_path):
    write(
        tmp_path,
        "a.csv",
        "weibo,1,positive,甲,2026-01-08",
        "weibo,1,negative,甲,2026-01-07",
        "zhihu,1,neutral,甲,2026-01-01",
    )
    write(tmp_path, "b.csv", "weibo,2,negative,甲,2026-01-07", "weibo,2,neutral,乙,2026-01-07")
    assert load_labels(tmp_path)["sentiment"].to_list() == ["positive", "neutral", "neutral"]


def test_a_spreadsheets_mark_further_columns_and_blank_lines_do_not_matter(tmp_path):
    write(
        tmp_path,
        "a.csv",
        '"第一行\n第二行", weibo , 1 ,negative,甲,2026-01-07',
        "",
        header="text," + HEADER,
        encoding="utf-8-sig",
    )
    assert load_labels(tmp_path)["post_id"].to_list() == ["1"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "weixin,1,negative,甲,2026-01-07",
            "platform 'weixin' is not one of weibo, douyin, xiaohongshu, zhihu, bilibili; correct it",
        ),
        ("weibo,,negative,甲,2026-01-07", "no post_id; copy it from the post"),
        ("weibo,5.25211E+15,negative,甲,2026-01-07", "post_id '5.25211E+15' was rounded by a spreadsheet; format that"),
        ("weibo,1,负面,甲,2026-01-07", "sentiment '负面' is not one of negative, neutral, positive; correct it"),
        ("weibo,1,negative,,2026-01-07", "no labeller; enter who labelled the post"),
        ("weibo,1,negative,甲,昨天", "labelled_at '昨天' is not a valid time; write it as YYYY-MM-DD HH:MM"),
        ("weibo,1,negative", "no labeller"),
    ],
)
def test_a_bad_row_names_file_line_and_remedy(tmp_path, line, message):
    write(tmp_path, "a.csv", "weibo,1,negative,甲,2026-01-07", line)
    with pytest.raises(LabelProblem) as problem:
        load_labels(tmp_path)
    assert f"{tmp_path / 'a.csv'}: line 3: {message}" in str(problem.value)


@pytest.mark.parametrize("header", ["platform,post_id,sentimet,labeller,labelled_at\n", ""])
def test_a_missing_column_names_file_and_remedy(tmp_path, header):
    write(tmp_path, "a.csv", header=header)
    with pytest.raises(
        LabelProblem, match=r"a\.csv: line 1: no column .*sentiment.*; name the columns platform,post_id"
    ):
        load_labels(tmp_path)


def test_a_file_in_another_encoding_names_the_remedy(tmp_path):
    write(tmp_path, "a.csv", "weibo,1,negative,甲,2026-01-07", encoding="gbk")
    with pytest.raises(LabelProblem, match=r"a\.csv: not in UTF-8; save it as “CSV UTF-8”"):
        load_labels(tmp_path)


def test_up_to_twenty_problems_are_reported_at_once(tmp_path):
    write(tmp_path, "a.csv", *["weibo,,negative,甲,2026-01-07"] * 30)
    write(tmp_path, "b.csv", header="x\n")
    with pytest.raises(LabelProblem) as problem:
        load_labels(tmp_path)
    assert str(problem.value).count("no post_id") == 20
    assert str(problem.value).endswith("... and 11 more")


AUDIT = "platform,post_id,audit_weight,sentiment,labeller,labelled_at,text\n"


def test_posts_of_an_audit_keep_their_weight(tmp_path):
    (tmp_path / "audit").mkdir()
    drawn = ("weibo,1,7.5,negative,甲,2026-01-07,一", "weibo,2,3,,,,还没有看", "weibo,3,2,neutral,甲,2026-01-07,三")
    write(tmp_path / "audit", "a.csv", *drawn, header=AUDIT)
    write(tmp_path, "later.csv", "weibo,1,positive,乙,2026-01-09", "weibo,9,negative,乙,2026-01-09")
    labels = load_labels(tmp_path).select("post_id", "sentiment", "audit_weight")
    assert labels.rows() == [("1", "positive", 7.5), ("3", "neutral", 2.0), ("9", "negative", None)]


@pytest.mark.parametrize("weight", ["", "much", "0", "-2", "nan", "inf"])
def test_an_invalid_audit_weight_is_a_problem(tmp_path, weight):
    (tmp_path / "audit").mkdir()
    write(tmp_path / "audit", "a.csv", f"weibo,1,{weight},negative,甲,2026-01-07,一", header=AUDIT)
    with pytest.raises(LabelProblem, match="line 2: audit_weight"):
        load_labels(tmp_path)
