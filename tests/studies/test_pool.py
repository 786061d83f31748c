"""Jobs in worker processes: killed, broken, interrupted, damaged, and never done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from job_samples import calls, note, sample_work

from fcn_hw.errors import FcnHwError, JobFailed
from fcn_hw.studies import pool
from fcn_hw.studies.pool import Job, run_jobs


def job(name: str, task: Any, digest: str = "a" * 64) -> Job:
    return Job(name, digest, task)


def numbers(count: int) -> list[Job]:
    return [job(f"job{number}", number) for number in range(count)]


def run(jobs: list[Job], folder: Path, processes: int = 2, **kwargs: Any) -> list[dict[str, Any]]:
    return run_jobs(jobs, sample_work(folder), folder, processes=processes, **kwargs)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_results_in_order_each_done_once_and_never_again(tmp_path: Path) -> None:
    seen: list[str] = []
    jobs = numbers(5)
    expected = [{"value": number**2} for number in range(5)]
    assert run(jobs, tmp_path, done=lambda item: seen.append(item.name)) == expected
    names = sorted(item.name for item in jobs)
    assert sorted(seen) == names
    done = calls(tmp_path)
    assert done.count("prepare") == 2  # once a worker
    assert sorted(name for name in done if name != "prepare") == names
    seen.clear()
    assert run(jobs, tmp_path, done=lambda item: seen.append(item.name)) == expected
    assert calls(tmp_path) == done and seen == [item.name for item in jobs]
    # another digest is another result, beside the first
    assert run([job("job3", 5, "b" * 64)], tmp_path) == [{"value": 25}]
    assert run(jobs, tmp_path) == expected
    assert calls(tmp_path)[len(done) :] == ["prepare", "job3"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"digest": 3}', '{"digest": "%s", "result": 1}' % ("a" * 64),
     '{"digest": "%s", "result": {"value": 7}}' % ("a" * 16 + "b" * 48)],
)  # fmt: skip
def test_a_damaged_result_is_made_again(tmp_path: Path, text: str) -> None:
    one = job("one", 3)
    one.result_file(tmp_path).write_text(text, encoding="utf-8")
    assert one.stored(tmp_path) is None
    assert run([one], tmp_path, processes=1) == [{"value": 9}]
    assert json.loads(one.result_file(tmp_path).read_text(encoding="utf-8"))["result"]["value"] == 9


def test_a_job_whose_worker_dies_is_given_to_another_one(tmp_path: Path) -> None:
    jobs = [job("fatal", "die once"), *numbers(3)]
    assert run(jobs, tmp_path, processes=1)[0] == {"value": "die once"}
    assert calls(tmp_path)[:4] == ["prepare", "fatal", "prepare", "fatal"]
    assert len(calls(tmp_path)) == 7


def test_a_job_that_kills_two_workers_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    jobs = [*numbers(2), job("fatal", "die"), job("last", 5)]
    with pytest.raises(JobFailed, match="job 'fatal' failed: its process died twice") as failed:
        run(jobs, tmp_path, processes=1)
    assert "signal SIGKILL" in failed.value.message and "--jobs 1" in failed.value.hint
    assert failed.value.exit_status == 1
    assert [item.stored(tmp_path) for item in jobs] == [{"value": 0}, {"value": 1}, None, None]


def test_errors_keep_their_words(tmp_path: Path) -> None:
    with pytest.raises(FcnHwError, match="job 'a': this layer diverged") as refused:
        run([job("a", "refuse")], tmp_path)
    assert refused.value.hint == "lower the rate" and refused.value.exit_status == 2
    with pytest.raises(JobFailed, match="job 'b' failed: ZeroDivisionError: a bug") as broken:
        run([job("b", "break")], tmp_path)
    assert broken.value.log is not None
    assert "in _perform" in broken.value.log.read_text(encoding="utf-8")
    with pytest.raises(JobFailed, match="job 'c' failed: ValueError"):
        run([job("c", "not a number")], tmp_path)
    with pytest.raises(FcnHwError, match=r"^/disk/file: No space left on device$") as full:
        run([job("e", "full disk")], tmp_path)
    assert "What is finished is kept" in full.value.hint and full.value.exit_status == 1
    (tmp_path / "no data").touch()
    with pytest.raises(FcnHwError, match=r"^there are no data$"):  # no job's fault
        run([job("d", 1)], tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_workers_share_the_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pool.cores() == len(os.sched_getaffinity(0))
    monkeypatch.setattr(pool, "cores", lambda: 6)
    before = dict(os.environ)
    found = run([job("a", "threads"), job("b", "threads")], tmp_path)
    assert found == [{"threads": "3"}] * 2
    assert dict(os.environ) == before


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from job_samples import sample_work
from fcn_hw.studies.pool import Job, run_jobs
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    jobs = [Job("one", "a" * 64, 3), Job("endless", "a" * 64, "hang"), Job("two", "a" * 64, 4)]
    try:
        run_jobs(jobs, sample_work(folder), folder, processes=1)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_ends_leaves_no_worker_and_is_taken_up(
    tmp_path: Path, how: signal.Signals
) -> None:
    """Ctrl-C goes to the whole group, as a terminal sends it; the others to the parent only."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    support = str(Path(__file__).parents[1] / "support")
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), support],
        start_new_session=True, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    hanging = tmp_path / "hanging"
    wait_for(lambda: hanging.exists() and hanging.read_text(encoding="utf-8") != "")
    worker = int(hanging.read_text(encoding="utf-8"))
    assert is_alive(worker)
    if how is signal.SIGINT:
        os.killpg(parent.pid, how)
    else:
        parent.send_signal(how)
    _, errors = parent.communicate(timeout=300)
    assert parent.returncode == (130 if how is signal.SIGINT else -how)
    assert errors == ""
    wait_for(lambda: not is_alive(worker))
    assert calls(tmp_path) == ["prepare", "one", "endless"]
    note(tmp_path, "again")
    jobs = [job("one", 3), job("two", 4)]
    assert run(jobs, tmp_path, processes=1) == [{"value": 9}, {"value": 16}]
    assert calls(tmp_path)[4:] == ["prepare", "two"]


def test_a_script_without_a_guard_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace('if __name__ == "__main__":', "if True:"), encoding="utf-8")
    support = str(Path(__file__).parents[1] / "support")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), support],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1
    assert "job 'one' failed: its process died twice (exit status 1)" in done.stderr
    assert calls(tmp_path) == []
