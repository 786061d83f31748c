"""What clean removes, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import call

from fcn_hw.errors import ConfigError
from fcn_hw.flow.clean import find_generated, remove
from fcn_hw.flow.stage import StageRecord

DESIGN = """
name: {name}
dataset: {{kind: digit_scenes, height: 8, width: 11, train_images: 2, val_images: 1}}
network: {{kind: fcn32s, filters: [2, 2]}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two designs, each with all that stages leave and all that a user may put beside it."""
    for name in ("mini", "other"):
        folder = tmp_path / "hls_projects" / name
        write(folder / "design.yaml", DESIGN.format(name=name))
        recorded(folder / "graph", "export", "graph.json", "weights.npz")
        recorded(
            folder / "pynq-z2", "hls", "firmware/mini.cpp", "firmware/weights/a.h", "graph.txt"
        )
        recorded(folder / "pynq-z2/csim", "build", "simulate")
        recorded(folder / "pynq-z2/report", "csim", "csim.json")
        recorded(folder / "model", "train", "quantized.h5", "training.json")
        write(folder / "pynq-z2/csim/image.in.bin")
        write(folder / "pynq-z2/logs/compile.log")
        write(folder / "pynq-z2/report/report.html")
        write(folder / "model/checkpoints/float.npz")
        write(folder / "model/epochs.csv")
        write(folder / "model/epochs/float-001.png")
        write(folder / "model/tensorboard/float/events.out.tfevents.1.host.2.0.v2")
        write(folder / "search/lut/points/a/design.yaml")
    return tmp_path


def write(path: Path, text: str = "x\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def recorded(folder: Path, stage: str, *names: str) -> None:
    StageRecord(stage, folder, "d").finish([write(folder / name) for name in names])


def left(root: Path, design: str = "mini") -> set[str]:
    folder = root / "hls_projects" / design
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_all_of_one_design_and_nothing_of_another(root: Path) -> None:
    other = left(root, "other")
    models = {"design.yaml", "search/lut/points/a/design.yaml"}
    models |= {name for name in left(root) if name.startswith("model/")}
    for found in find_generated(root, "mini", models=False):
        assert found.kept == ()
        remove(found)
    assert left(root) == models
    for found in find_generated(root, "mini", models=True):
        remove(found)
    assert left(root) == {"design.yaml"}
    assert [path.name for path in (root / "hls_projects/mini").iterdir()] == ["design.yaml"]
    assert left(root, "other") == other


def test_what_a_user_put_there_stays_and_is_named(root: Path) -> None:
    folder = root / "hls_projects" / "mini"
    mine = [
        "pynq-z2/notes.txt", "pynq-z2/report/talk.odp", "pynq-z2/firmware/mine.h",
        "pynq-z2/vivado/mine.xpr", "pynq-z2/my_vivado/a/b.v", "model/notes.md",
        "model/checkpoints/notes.md", "graph/picture.png", "search/lut/notes.txt",
    ]  # fmt: skip
    for name in mine:
        write(folder / name)
    write(folder / "pynq-z2/firmware/weights/a.h", "edited by hand\n")
    write(folder / "pynq-z2/edited/firmware/b.h")
    called = call("clean", "mini", "--models", "--root", str(root))
    assert called.status == 0
    assert left(root) == {
        "design.yaml", "pynq-z2/firmware/weights/a.h", "pynq-z2/edited/firmware/b.h", *mine,
    }  # fmt: skip
    out = called.out.replace("\n", "")
    for name in ("notes.txt", "vivado", "my_vivado", "edited", "firmware/weights"):
        assert f"stays, not made by a stage: {folder}/pynq-z2/{name}" in out, name
    assert f"remove {folder}/pynq-z2: " in out


def test_a_vivado_folder_is_ours_once_our_vivado_ran(root: Path) -> None:
    project = root / "hls_projects/mini/pynq-z2"
    write(project / "vivado/mini.xpr")
    recorded(project, "impl", "vivado/timing.rpt")
    for found in find_generated(root, "mini", models=False):
        assert found.kept == ()
        remove(found)
    assert not project.exists()


def test_all_designs_only_with_all(root: Path) -> None:
    before = left(root), left(root, "other")
    for words in ((), ("--models",), ("mini", "--all")):
        called = call("clean", *words, "--root", str(root))
        assert called.status == 2
        assert (left(root), left(root, "other")) == before
    assert "both a design and --all are given" in called.err
    with pytest.raises(ConfigError, match="clean needs a design, or --all for every design"):
        find_generated(root, None, models=True)
    assert call("clean", "--all", "--models", "--dry-run", "--root", str(root)).status == 0
    assert (left(root), left(root, "other")) == before
    assert call("clean", "--all", "--models", "--root", str(root)).status == 0
    assert (left(root), left(root, "other")) == ({"design.yaml"}, {"design.yaml"})


def test_it_lists_before_it_removes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(found: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fcn_hw.api.remove", never)
    called = call("clean", "mini", "--root", str(root))
    assert called.status == 130
    assert "pynq-z2: 11 files, 0.0 MB" in called.out.replace("\n", "")


def test_a_linked_folder_is_emptied_and_the_link_stays(root: Path, tmp_path: Path) -> None:
    """A user's models on another disk."""
    folder = root / "hls_projects" / "mini"
    elsewhere = tmp_path / "big disk"
    (folder / "model").rename(elsewhere)
    (folder / "model").symlink_to(elsewhere)
    linked = write(tmp_path / "data" / "precious.npz")
    (elsewhere / "checkpoints" / "data").symlink_to(linked.parent)
    called = call("clean", "mini", "--models", "--root", str(root))
    assert called.status == 0, called.err
    assert linked.is_file()
    assert (folder / "model").is_symlink()
    assert [path.name for path in elsewhere.rglob("*")] == ["checkpoints", "data"]
