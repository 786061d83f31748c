"""Where a bundle's facts come from: the commit without git, reports without times, vendor files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fcn_hw.errors import ReportError
from fcn_hw.flow.handoff import ap_types_files, git_commit, licence, report_files, vendor_files
from fcn_hw.flow.stage import StageRecord
from fcn_hw.plan import Plan

COMMIT, OTHER = "a1" * 20, "b2" * 20


def test_commit_of_a_checkout(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == "unknown"
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert git_commit(tmp_path) == "unknown"  # no commit yet
    packed = f"# pack-refs\n{OTHER} refs/heads/main\n{COMMIT} refs/tags/v\n"
    (git / "packed-refs").write_text(packed)
    assert git_commit(tmp_path) == OTHER
    (git / "refs" / "heads" / "main").write_text(f"{COMMIT}\n")
    assert git_commit(tmp_path) == COMMIT
    (git / "HEAD").write_text(f"{OTHER}\n")  # detached
    assert git_commit(tmp_path) == OTHER
    (git / "HEAD").write_text("nonsense\n")
    assert git_commit(tmp_path) == "unknown"


def test_commit_of_a_worktree(tmp_path: Path) -> None:
    main, tree = tmp_path / "main" / ".git", tmp_path / "tree"
    (main / "worktrees" / "tree").mkdir(parents=True)
    (main / "refs" / "heads" / "w").mkdir(parents=True)
    (main / "refs" / "heads" / "w" / "tree").write_text(f"{COMMIT}\n")
    (main / "worktrees" / "tree" / "HEAD").write_text("ref: refs/heads/w/tree\n")
    (main / "worktrees" / "tree" / "commondir").write_text("../..\n")
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {main / 'worktrees' / 'tree'}\n")
    assert git_commit(tree) == COMMIT


def test_reports_without_times(tmp_path: Path) -> None:
    (tmp_path / "csim.json").write_text(
        json.dumps({"images": 3, "compile_s": 1.5, "csim_images_per_s": 9.0})
    )
    (tmp_path / "a.svg").write_bytes(b"<svg/>")
    (tmp_path / ".csim.stage.json").write_text("{}")
    (tmp_path / "notes.log").write_text("")
    found = report_files(tmp_path)
    assert sorted(found) == ["a.svg", "csim.json"]
    assert json.loads(found["csim.json"]) == {"images": 3}


def test_a_report_with_a_number_that_was_typed_in_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "csim.json"
    path.write_text('{"mismatches": 1}')
    StageRecord("csim", tmp_path, "d").finish([path])
    assert set(report_files(tmp_path)) == {"csim.json"}
    path.write_text('{"mismatches": 0}')
    with pytest.raises(ReportError, match=r"csim\.json: was changed after its stage wrote it"):
        report_files(tmp_path)


def test_a_file_that_no_stage_stands_for_is_left_out(tmp_path: Path) -> None:
    """What stages left is tested with them, in test_hardware.py."""
    (tmp_path / "bitstream").mkdir()
    (tmp_path / "bitstream" / "mini.hwh").write_bytes(b"<x/>")
    assert set(vendor_files(tmp_path, "mini", Plan()).values()) == {None}


def test_licence_is_apache() -> None:
    assert b"Apache License" in licence()


@pytest.mark.parametrize("name", ["LICENSE", "ap_fixed.h", "hls_stream.h"])
def test_headers_for_simulation_bring_their_licence(name: str) -> None:

    assert b"Apache" in ap_types_files()[name]
