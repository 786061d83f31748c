"""What an emission writes, removes and leaves alone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from command_line import call
from rich.console import Console
from sample_graphs import tiny_graph

from fcn_hw.errors import ConfigError
from fcn_hw.flow.emission import as_it_stands, emit, rewrite
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord
from fcn_hw.ir.serialize import save
from fcn_hw.plan import Plan

OLD = Plan({"firmware/old.cpp": "int old;\n", "firmware/weights/a.h": "1\n", "graph.txt": "old\n"})
NEW = Plan({"firmware/new.cpp": "int now;\n", "graph.txt": "new\n"})


class Said:
    """A progress and what it printed."""

    def __init__(self) -> None:
        self._out = io.StringIO()
        self.progress = Progress(Console(file=self._out, width=200))

    @property
    def text(self) -> str:
        return self._out.getvalue()


def wrote(plan: Plan, folder: Path, **kwargs: bool) -> str:
    said = Said()
    emit(plan, folder, plan.digest, said.progress, **kwargs)
    return said.text


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def test_files_of_an_earlier_emission_go_and_the_users_stay(tmp_path: Path) -> None:
    wrote(OLD, tmp_path)
    notes = {"notes.txt": "mine\n", "firmware/mine.h": "mine\n", "my_vivado/mine.xpr": "mine\n"}
    for name, text in notes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert "2 files, 2 written" in wrote(NEW, tmp_path)
    assert files(tmp_path) == {**NEW.files, **notes}
    assert not (tmp_path / "firmware/weights").exists()
    assert "up to date" in wrote(NEW, tmp_path)


def test_an_edited_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    wrote(OLD, tmp_path)
    (tmp_path / "firmware/weights/a.h").write_text("2\n")
    before = files(tmp_path)
    for plan in (OLD, NEW):  # the emission that has the file, and one that has it no more
        with pytest.raises(ConfigError) as caught:
            emit(plan, tmp_path, plan.digest, Said().progress)
        assert str(caught.value) == (
            f"{tmp_path}: files that were edited by hand would be written over: "
            "firmware/weights/a.h"
        )
        assert caught.value.hint == (
            f"fcn-hw hls --overwrite writes them anew and keeps copies in {tmp_path / 'edited'}"
        )
        assert files(tmp_path) == before


def test_overwrite_keeps_a_copy_of_each_edit(tmp_path: Path) -> None:
    wrote(OLD, tmp_path)
    for text in ("2\n", "3\n", "2\n"):
        (tmp_path / "firmware/weights/a.h").write_text(text)
        told = wrote(OLD, tmp_path, overwrite=True)
        assert "copies: edited/firmware/weights/a.h" in told
        assert files(tmp_path)["firmware/weights/a.h"] == "1\n"
    copies = {name: text for name, text in files(tmp_path).items() if name.startswith("edited/")}
    assert copies == {
        "edited/firmware/weights/a.h": "2\n", "edited/firmware/weights/a.h.2": "3\n",
    }  # fmt: skip
    (tmp_path / "firmware/weights/a.h").write_text("4\n")
    wrote(NEW, tmp_path, overwrite=True)
    assert files(tmp_path) == {**NEW.files, **copies, "edited/firmware/weights/a.h.3": "4\n"}


def test_without_a_record_what_is_in_the_way_is_kept(tmp_path: Path) -> None:
    """A project of fcn_hw 0.1, or a folder of the user's: an edit can't be told."""
    (tmp_path / "graph.txt").write_text("mine\n")
    assert "copies: edited/graph.txt" in wrote(NEW, tmp_path)
    assert files(tmp_path) == {**NEW.files, "edited/graph.txt": "mine\n"}


def test_who_reads_a_project_takes_it_as_it_stands(tmp_path: Path) -> None:
    wrote(OLD, tmp_path)
    (tmp_path / "firmware/weights/a.h").write_text("2\n")
    said = Said()
    found = as_it_stands(OLD, tmp_path, OLD.digest, said.progress)
    assert found.edited == ("firmware/weights/a.h",)
    assert found.plan.files["firmware/weights/a.h"] == b"2\n"
    assert found.plan.digest != OLD.digest
    assert "edited by hand, taken as they are: firmware/weights/a.h" in said.text
    assert files(tmp_path)["firmware/weights/a.h"] == "2\n"
    with pytest.raises(ConfigError, match="edited by hand belong to an earlier emission"):
        as_it_stands(NEW, tmp_path, NEW.digest, Said().progress)
    assert files(tmp_path)["graph.txt"] == "old\n"
    (tmp_path / "firmware/weights/a.h").write_text("1\n")
    assert as_it_stands(NEW, tmp_path, NEW.digest, Said().progress).edited == ()
    assert files(tmp_path) == dict(NEW.files)


def test_scripts_in_another_dialect_are_no_edit(tmp_path: Path) -> None:
    wrote(NEW, tmp_path)
    rewrite(Plan({"graph.txt": "vivado\n"}), tmp_path)
    assert files(tmp_path)["graph.txt"] == "vivado\n"
    wrote(NEW, tmp_path)
    assert files(tmp_path) == dict(NEW.files)
    rewrite(Plan({"graph.txt": "vivado\n"}), tmp_path)
    (tmp_path / "graph.txt").write_text("mine\n")
    with pytest.raises(ConfigError, match=r"would be written over: graph\.txt"):
        emit(NEW, tmp_path, NEW.digest, Said().progress)


@pytest.mark.parametrize("stop", range(1, 7))
def test_cut_off_at_any_write_it_takes_nothing_for_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    wrote(OLD, tmp_path)
    replace, left = Path.replace, stop

    def cut(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left <= 0:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut)
        try:
            wrote(NEW, tmp_path)
        except KeyboardInterrupt:
            assert StageRecord("hls", tmp_path, NEW.digest).standing().state != "current"
    third = Plan({"graph.txt": "third\n"})  # the settings have changed once more
    wrote(third, tmp_path)
    assert files(tmp_path) == dict(third.files)


@pytest.mark.gxx
def test_an_edit_survives_csim_and_is_what_csim_runs(tmp_path: Path) -> None:
    save(tiny_graph(), tmp_path / "graph")
    project = tmp_path / "project"
    where = ("--graph", str(tmp_path / "graph"), "-b", "pynq-z2", "--output", str(project))
    assert call("csim", *where, "--images", "4").status == 0
    again = call("csim", *where, "--images", "4")
    assert again.status == 0
    assert "compiled in" not in again.out
    path = project / "firmware/weights/conv1.h"
    # biases so far below zero that conv1's output is 0 everywhere become as far above it
    text = path.read_text().replace("{-107, -121}", "{107, 121}")
    assert text != path.read_text()
    path.write_text(text)
    found = call("csim", *where, "--images", "4")
    assert found.status == 1 and "NOT exact" in found.out
    assert "edited by hand: firmware/weights/conv1.h" in found.out
    assert "compiled in" in found.out
    assert path.read_text() == text
    refused = call("hls", *where)
    assert refused.status == 2
    assert "would be written over: firmware/weights/conv1.h" in refused.err
    assert path.read_text() == text
    assert call("hls", *where, "--overwrite").status == 0
    assert path.read_text() != text
    assert (project / "edited/firmware/weights/conv1.h").read_text() == text
    assert call("csim", *where, "--images", "4").status == 0
