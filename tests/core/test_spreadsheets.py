"""CSV files for spreadsheets: no cell is a formula, and all are read back as they were."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.spreadsheets import as_text, from_text, text_of, write_csv

FORMULAS = [
    '=HYPERLINK("http://x.example","点我")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1",
    "＠a", "\u200b=1", "\ufeff=1", "\u3000=1", "=", "-", "@所有人 小米",
]  # fmt: skip
HARMLESS = ["小米", "a=b", "1-2", "'quoted'", "'", "", "''", "#话题#", "12"]


@pytest.mark.parametrize("cell", [*FORMULAS, *("'" + cell for cell in FORMULAS)])
def test_a_cell_that_would_be_a_formula_begins_with_an_apostrophe(tmp_path: Path, cell: str) -> None:
    write_csv(pl.DataFrame({"text": [cell], "count": [-1]}), tmp_path / "a.csv")
    rows = pl.read_csv(tmp_path / "a.csv")
    assert rows["text"][0] == f"'{cell}"
    assert rows["count"].to_list() == [-1]
    assert rows.select(from_text(pl.col("text")))["text"].to_list() == [cell]


def test_other_cells_are_written_as_they_are() -> None:
    rows = pl.DataFrame({"text": [*HARMLESS, None]})
    assert rows.select(as_text(pl.col("text"))).equals(rows)


@given(
    st.text(st.sampled_from(["'", "=", "+", "@", "-", "\t", "\r", "\n", " ", "\u200b", "＝", "a", "米"]), max_size=6)
)
def test_every_cell_is_read_back(cell: str) -> None:
    written = pl.DataFrame({"text": [cell]}).select(as_text(pl.col("text")))
    assert text_of(written["text"][0]) == cell
    assert written.select(from_text(pl.col("text")))["text"][0] == cell
    assert not written["text"][0].lstrip(" \u200b").startswith(("=", "+", "-", "@", "＝", "\t", "\r", "\n"))
