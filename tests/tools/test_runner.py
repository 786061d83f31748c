"""Carrying out plans, with fake tools on PATH."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fcn_hw.errors import ConfigError, ToolFailed, ToolNotFound
from fcn_hw.plan import Command, Plan
from fcn_hw.tools.runner import TAIL_LINES, run, write_files

FAKES = Path(__file__).parents[1] / "fake_tools"


@pytest.fixture(autouse=True)
def fake_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{FAKES}{os.pathsep}{os.environ['PATH']}")


def one(tool: str, *arguments: str, expects: tuple[str, ...] = (), timeout_s: float = 20) -> Plan:
    return Plan(stages=((Command("step", (tool, *arguments), timeout_s, expects),),))


def wait_for(condition: object, limit_s: float = 10.0) -> None:
    assert callable(condition)
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.02)


def read_pid(path: Path) -> int:
    wait_for(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie that init has not reaped yet has)."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return True
    return state == "Z"


# -- files ---------------------------------------------------------------------------------------


def test_only_changed_files_are_written(tmp_path: Path) -> None:
    plan = Plan({"a/b.txt": "text\n", "c.bin": b"\x01"})
    assert write_files(plan, tmp_path) == [Path("a/b.txt"), Path("c.bin")]
    assert (tmp_path / "a/b.txt").read_text() == "text\n"
    assert write_files(plan, tmp_path) == []
    (tmp_path / "c.bin").write_bytes(b"\x02")
    assert write_files(plan, tmp_path) == [Path("c.bin")]


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/a", "b/../a"])
def test_a_path_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        write_files(Plan({"fine": "1", name: "2"}), tmp_path)
    assert str(caught.value) == f"'{name}' lies outside the folder '{tmp_path}'"
    assert not list(tmp_path.iterdir())  # nothing is written where one path is wrong


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    with pytest.raises(ConfigError, match="'link/a' lies outside the folder"):
        write_files(Plan({"link/a": "1"}), inside)


@pytest.mark.parametrize(
    "command",
    [
        Command("step", ("fake_ok", "x"), 5, cwd=".."),
        Command("step", ("fake_ok", "x"), 5, expects=("../x",)),
        Command("../step", ("fake_ok", "x"), 5),
    ],
)
def test_commands_stay_inside_too(tmp_path: Path, command: Command) -> None:
    with pytest.raises(ConfigError, match="lies outside the folder"):
        run(Plan(stages=((command,),)), tmp_path / "work")


# -- ends ----------------------------------------------------------------------------------------


def test_success(tmp_path: Path) -> None:
    lines: list[str] = []
    plan = one("fake_ok", "out/report", expects=("out/report",))
    (result,) = run(plan, tmp_path, on_line=lines.append)
    assert result.command == plan.commands[0]
    assert result.log == tmp_path / "logs/step.log"
    assert (
        result.log.read_text() == f"$ {FAKES}/fake_ok out/report\nwriting out/report\na warning\n"
    )
    assert 0 < result.seconds < 20
    assert lines == ["writing out/report", "a warning"]
    assert (tmp_path / "out/report").exists()


def test_files_come_before_commands_and_cwd_is_made(tmp_path: Path) -> None:
    plan = Plan(
        {"src/hello.txt": "hello\n"},
        ((Command("show", ("cat", "../src/hello.txt"), 5, cwd="build"),),),
    )
    (result,) = run(plan, tmp_path)
    assert result.log.read_text().endswith("hello\n")


def test_a_program_of_the_plan_s_own(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/own").symlink_to(FAKES / "fake_ok")
    run(Plan(stages=((Command("own", ("./own", "out"), 5, ("bin/out",), "bin"),),)), tmp_path)


def failure(plan: Plan, folder: Path) -> ToolFailed:
    with pytest.raises(ToolFailed) as caught:
        run(plan, folder)
    return caught.value


def test_exit_status(tmp_path: Path) -> None:
    error = failure(one("fake_fails", "report", expects=("report",)), tmp_path)
    assert str(error) == "'fake_fails' failed: exit status 1"
    assert error.tail == error.hint == "starting\nERROR: no licence"
    assert error.log == tmp_path / "logs/step.log"
    assert error.argv == (str(FAKES / "fake_fails"), "report")


def test_signal(tmp_path: Path) -> None:
    error = failure(one("fake_crashes"), tmp_path)
    assert str(error) == "'fake_crashes' failed: ended by signal 11 (Segmentation fault)"


def test_no_report_is_a_failure(tmp_path: Path) -> None:
    error = failure(one("fake_forgets", expects=("a.rpt", "b.rpt")), tmp_path)
    assert str(error) == "'fake_forgets' failed: exit status 0, but it left no 'a.rpt'"
    assert error.tail == "all done"


def test_a_report_of_an_earlier_run_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.rpt").write_text("old")
    error = failure(one("fake_forgets", expects=("a.rpt",)), tmp_path)
    assert str(error) == "'fake_forgets' failed: exit status 0, but it left no 'a.rpt'"


def test_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    error = failure(one("fake_hangs", str(tmp_path / "pid"), timeout_s=0.5), tmp_path)
    assert str(error) == "'fake_hangs' failed: killed after 0.5 s"
    assert error.tail == "waiting"
    wait_for(lambda: gone(read_pid(tmp_path / "pid")))


def test_a_stubborn_process_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcn_hw.tools.runner._GRACE_S", 0.2)
    error = failure(one("fake_stubborn", str(tmp_path / "pid"), timeout_s=0.5), tmp_path)
    assert str(error) == "'fake_stubborn' failed: killed after 0.5 s"
    wait_for(lambda: gone(read_pid(tmp_path / "pid")))


def test_a_child_left_behind_is_not_waited_for(tmp_path: Path) -> None:
    (result,) = run(one("fake_detaches", str(tmp_path / "pid")), tmp_path)
    os.kill(read_pid(tmp_path / "pid"), signal.SIGKILL)
    assert result.seconds < 10


def test_a_flood_of_text(tmp_path: Path) -> None:
    count = 3000
    lines: list[str] = []
    (result,) = run(one("fake_talks", str(count)), tmp_path, on_line=lines.append)
    assert len(lines) == 2 * count
    assert [line for line in lines if line.startswith("error")][-1] == f"error {count}"
    assert result.log.read_text().splitlines()[1:] == lines


def test_only_the_tail_is_shown(tmp_path: Path) -> None:
    error = failure(one("fake_talks", "50", expects=("report",)), tmp_path)
    assert len(error.tail.splitlines()) == TAIL_LINES
    assert error.tail.splitlines()[-1] == "error 50"


def test_text_that_is_not_utf8_or_has_no_line_end(tmp_path: Path) -> None:
    lines: list[str] = []
    plan = one("printf", r"one\r\n\377two")
    (result,) = run(plan, tmp_path, on_line=lines.append)
    assert lines == ["one", "\ufffdtwo"]
    assert result.log.read_bytes().endswith(b"one\r\n\xfftwo")


def test_a_program_that_can_t_be_started(tmp_path: Path) -> None:
    error = failure(one("./missing"), tmp_path)
    assert str(error) == "'missing' failed: can't be started: No such file or directory"


def test_a_missing_tool_stops_the_plan_before_it_starts(tmp_path: Path) -> None:
    plan = Plan(
        stages=(
            (Command("first", ("fake_ok", "out"), 5),),
            (Command("second", ("vivado_of_nowhere",), 5),),
        )
    )
    with pytest.raises(ToolNotFound, match="'vivado_of_nowhere' was not found on PATH"):
        run(plan, tmp_path)
    assert not (tmp_path / "out").exists()


def test_arguments_reach_no_shell(tmp_path: Path) -> None:
    (result,) = run(one("printf", "%s", "$(touch hacked); `id` * &"), tmp_path)
    assert result.log.read_text().splitlines()[1] == "$(touch hacked); `id` * &"
    assert not (tmp_path / "hacked").exists()


# -- stages --------------------------------------------------------------------------------------


def test_stages_run_in_order_and_results_too(tmp_path: Path) -> None:
    slow = [Command(f"slow{k}", ("sleep", str(0.1 * (3 - k))), 5) for k in range(3)]
    last = Command("last", ("fake_ok", "out"), 5, ("out",))
    results = run(Plan(stages=(tuple(slow), (last,))), tmp_path, jobs=3)
    assert [result.command.name for result in results] == ["slow0", "slow1", "slow2", "last"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_commands_of_a_stage_run_side_by_side(tmp_path: Path, jobs: int) -> None:
    """Each waits for what the other writes, so they succeed together or not at all."""
    script = (
        'touch "$0"; i=0; while [ ! -e "$1" ]; do sleep 0.02; '
        "i=$((i+1)); [ $i -lt 100 ] || exit 3; done"
    )
    left = Command("left", ("sh", "-c", script, "a", "b"), 10)
    right = Command("right", ("sh", "-c", script, "b", "a"), 10)
    plan = Plan(stages=((left, right),))
    if jobs == 2:
        assert len(run(plan, tmp_path, jobs=jobs)) == 2
    else:
        assert str(failure(plan, tmp_path)) == "'sh' failed: exit status 3"


def test_a_failure_stops_the_stage_and_what_follows(tmp_path: Path) -> None:
    hangs = Command("hangs", ("fake_hangs", str(tmp_path / "pid")), 60)
    fails = Command("fails", ("fake_fails", "x"), 5)
    after = Command("after", ("fake_ok", "out"), 5)
    started = time.monotonic()
    with pytest.raises(ToolFailed, match="'fake_fails' failed"):
        run(Plan(stages=((hangs, fails), (after,))), tmp_path, jobs=2)
    assert time.monotonic() - started < 20
    assert not (tmp_path / "out").exists()
    if (tmp_path / "pid").exists():
        wait_for(lambda: gone(read_pid(tmp_path / "pid")))


def test_an_error_of_the_caller_s_own_ends_the_process(tmp_path: Path) -> None:
    def refuse(line: str) -> None:
        raise RuntimeError(line)

    with pytest.raises(RuntimeError, match="waiting"):
        run(one("fake_hangs", str(tmp_path / "pid")), tmp_path, on_line=refuse)
    # The child of the tool may not have come as far as to write its pid.
    if (tmp_path / "pid").exists():
        wait_for(lambda: gone(read_pid(tmp_path / "pid")))


def test_ctrl_c_kills_the_tool(tmp_path: Path) -> None:
    program = (
        "import signal\n"
        # a shell that starts pytest in the background has it ignore Ctrl-C, and its children too
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from fcn_hw.plan import Command, Plan\n"
        "from fcn_hw.tools.runner import run\n"
        f"run(Plan(stages=((Command('s', ('fake_hangs', {str(tmp_path / 'pid')!r}), 60),),)),"
        f" Path({str(tmp_path)!r}))\n"
    )
    root = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": root},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        pid = read_pid(tmp_path / "pid")
        parent.send_signal(signal.SIGINT)
        _, errors = parent.communicate(timeout=20)
    finally:
        parent.kill()
    assert "KeyboardInterrupt" in errors
    assert parent.returncode != 0
    wait_for(lambda: gone(pid))
