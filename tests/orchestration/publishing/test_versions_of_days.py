from orchestration.publishing.versions_of_days import Versions, current_versions, days_behind


def test_days_are_behind_that_the_warehouse_lacks_or_has_of_another_version(tmp_path):
    for name in (
        "posts/day=2026-01-05/000001-aa", "posts/day=2026-01-05/000002-ab", "post_topics/day=2026-01-05/000001-aa",
        "posts/day=2026-01-06/000001-ac", "post_topics/day=2026-01-07/000001-ad",
    ):  # fmt: skip
        path = tmp_path / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    current = current_versions(tmp_path)
    assert current == {"2026-01-05": ("000002-ab", "000001-aa"), "2026-01-06": ("000001-ac", None)}
    assert days_behind(current, {}) == ["2026-01-05", "2026-01-06"]
    assert days_behind(current, current) == []
    older = Versions("000001-aa", "000001-aa")
    assert days_behind(current, current | {"2026-01-05": older, "2025-01-01": older}) == ["2026-01-05"]
