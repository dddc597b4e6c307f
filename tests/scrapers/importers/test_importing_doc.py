"""The example in docs/importing.md is a valid mapping."""

import re
from pathlib import Path

from core.strict_yaml import load_yaml
from scrapers.importers.mapping import Mapping

DOC = Path(__file__).parents[3] / "docs" / "importing.md"


def test_the_example_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "x.mapping.yaml"
    path.write_text(example, encoding="utf-8")
    assert load_yaml(path, Mapping, "").columns["post_id"] == "帖子ID"
