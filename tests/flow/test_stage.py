"""When a stage may be skipped."""

from __future__ import annotations

import json
from pathlib import Path

from fcn_hw.flow.stage import StageRecord, Standing, digest_of, file_digest, is_damaged


def record(folder: Path, digest: str = "d") -> StageRecord:
    return StageRecord("hls", folder, digest)


def test_current_only_after_it_finished(tmp_path: Path) -> None:
    stage = record(tmp_path / "new")
    assert not stage.is_current()
    stage.begin()
    output = stage.folder / "out.txt"
    output.write_text("result")
    assert not stage.is_current()  # killed here, it is done again
    stage.finish([output])
    assert stage.is_current()
    assert not record(stage.folder, "other").is_current()
    stage.begin()
    assert not stage.is_current()


def test_a_lost_or_changed_output_is_made_again(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    output.write_text("result")
    record(tmp_path).finish([output])
    output.write_text("resul")
    assert not record(tmp_path).is_current()
    output.unlink()
    assert not record(tmp_path).is_current()


def test_a_corrupt_record_counts_as_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", "null", '{"digest": "d"}', '{"digest": "d", "outputs": 3}'):
        record(tmp_path).path.write_text(text)
        assert not record(tmp_path).is_current(), text


def test_digests_follow_their_parts() -> None:
    assert digest_of(1, {"a": 2, "b": 3}) == digest_of(1, {"b": 3, "a": 2})
    assert digest_of(1, 2) != digest_of(2, 1)


def written(path: Path, text: str = "result") -> Path:
    path.write_text(text)
    return path


def test_standing_says_why_a_result_does_not_count(tmp_path: Path) -> None:
    assert record(tmp_path).standing() == Standing("absent")
    output = written(tmp_path / "out.txt")
    record(tmp_path).finish([output])
    assert record(tmp_path).standing() == Standing("current")
    assert record(tmp_path, "other").standing() == Standing("stale")
    output.write_text("typed in")
    assert record(tmp_path, "other").standing() == Standing("damaged", ("out.txt",))
    record(tmp_path).begin()
    assert record(tmp_path).standing() == Standing("absent")


def test_what_a_run_does_not_make_anew_goes_even_after_one_that_was_cut_off(tmp_path: Path) -> None:
    old, kept, mine = (written(tmp_path / name) for name in ("old.svg", "kept.json", "mine.svg"))
    record(tmp_path).finish([old, kept])
    record(tmp_path).begin()  # and killed
    record(tmp_path).begin()
    record(tmp_path).finish([kept])
    assert not old.exists()
    assert kept.exists() and mine.exists()


def test_a_file_that_was_edited_is_not_removed(tmp_path: Path) -> None:
    old, kept = (written(tmp_path / name) for name in ("old.svg", "kept.json"))
    record(tmp_path).finish([old, kept])
    old.write_text("edited")
    record(tmp_path).finish([kept])
    assert old.read_text() == "edited"


def test_damage_is_seen_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    report, other = written(tmp_path / "report/a.json"), written(tmp_path / "report/b.json")
    record(tmp_path).finish([report])
    assert not is_damaged(report)
    report.write_text("typed in")
    assert is_damaged(report)
    assert not is_damaged(other)  # nobody wrote it, as far as is known


def test_a_record_with_one_digest_a_file_is_read(tmp_path: Path) -> None:
    """Of fcn_hw 0.1."""
    output = written(tmp_path / "out.txt")
    stored = {"digest": "d", "outputs": {"out.txt": file_digest(output)}}
    record(tmp_path).path.write_text(json.dumps(stored))
    assert record(tmp_path).is_current()
