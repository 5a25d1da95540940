"""What is made from declarations is what they say now."""

from pathlib import Path

from tools.generate import GENERATED, stale


def test_no_generated_file_is_stale() -> None:
    assert stale() == []


def test_a_changed_or_missing_file_is_stale(tmp_path: Path) -> None:
    paths = [path for path, _ in GENERATED]
    assert stale(tmp_path) == paths
    for path, text in GENERATED:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text())
    assert stale(tmp_path) == []
    (tmp_path / paths[0]).write_text("edited")
    assert stale(tmp_path) == paths[:1]
