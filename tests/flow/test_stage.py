"""When a stage may be skipped."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.flow.stage import StageRecord, code_digest, digest_of


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
    assert len({code_digest(part) for part in ("ir", "reference", "templates")}) == 3
