"""Plans are data."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from fcn_hw.plan import Command, Plan

BUILD = Command("build", ("g++", "a.cpp"), 60.0, expects=("a.out",))
RUN = Command("run", ("./a.out",), 5.0, cwd="run")
PLAN = Plan({"a.cpp": "int main() {}\n", "b.bin": b"\x00"}, ((BUILD,), (RUN,)))


def test_commands_are_in_the_order_of_the_stages() -> None:
    assert PLAN.commands == (BUILD, RUN)


def test_a_plan_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAN.stages = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        PLAN.files["c"] = ""  # type: ignore[index]


def test_files_are_copied() -> None:
    files: dict[str, bytes | str] = {"a": "1"}
    plan = Plan(files)
    files["a"] = "2"
    assert plan.files == {"a": "1"}


def test_the_digest_is_known() -> None:
    """Stored by the stages: it must not depend on the Python version or the order of files."""
    swapped = Plan(dict(reversed(PLAN.files.items())), PLAN.stages)
    assert swapped.digest == PLAN.digest
    assert PLAN.digest == "7a782715b75dab1cca8de9d91e7a986d0762cc1242a8fb48232412ff7e53f85a"


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, files={**PLAN.files, "a.cpp": "int main() { }\n"}),
        replace(PLAN, files={"a.cpp": PLAN.files["a.cpp"]}),
        replace(PLAN, files={"a.cpp": PLAN.files["a.cpp"], "c.bin": b"\x00"}),
        replace(PLAN, stages=((BUILD, RUN),)),
        replace(PLAN, stages=((RUN,), (BUILD,))),
        replace(PLAN, stages=((replace(BUILD, name="make"),), (RUN,))),
        replace(PLAN, stages=((replace(BUILD, argv=("g++", "a.cpp", "")),), (RUN,))),
        replace(PLAN, stages=((replace(BUILD, timeout_s=61.0),), (RUN,))),
        replace(PLAN, stages=((replace(BUILD, expects=()),), (RUN,))),
        replace(PLAN, stages=((BUILD,), (replace(RUN, cwd="."),))),
    ],
)
def test_the_digest_sees_every_part(other: Plan) -> None:
    assert other.digest != PLAN.digest


def test_text_and_its_bytes_are_the_same_file() -> None:
    assert Plan({"a": "\u00fc"}).digest == Plan({"a": "\u00fc".encode()}).digest


def test_one_plan_after_another() -> None:
    first = Plan({"a": "1", "b": "2"}, ((BUILD,),))
    both = first.then(Plan({"b": "2", "c": "3"}, ((RUN,),)))
    assert both == Plan({"a": "1", "b": "2", "c": "3"}, ((BUILD,), (RUN,)))
    with pytest.raises(AssertionError, match="two plans write"):
        first.then(Plan({"b": "3"}))


def test_two_commands_may_not_share_a_log() -> None:
    with pytest.raises(AssertionError, match="share a log"):
        Plan(stages=((BUILD,), (replace(RUN, name="build"),)))
