"""Which process a trial is with, and whether that process still lives."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

BEAT_S = 10.0
"""A worker says that it lives once in so many seconds."""

STALE_S = 90.0
"""A worker that has not said so for this long counts as gone."""

_DEAD = ("Z", "X", "x")


def own_name() -> str:
    """The name of this process: no other one, on any machine, has it."""
    here = _here()
    return json.dumps({**here, "pid": os.getpid(), "start": _start(os.getpid()), "id": _nonce()})


_NONCE: dict[int, str] = {}


def _nonce() -> str:
    """A random part, one a process: forks have their own."""
    return _NONCE.setdefault(os.getpid(), secrets.token_hex(4))


def _here() -> dict[str, str]:
    """This boot of this machine, and this container of it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return {"boot": boot, "pids": str(Path("/proc/self/ns/pid").readlink())}
    except OSError:  # no Linux: only silence tells
        return {"boot": "", "pids": secrets.token_hex(8)}


def _start(pid: int) -> str:
    """When a process started, in the kernel's ticks; ``""`` for none, or one that has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "" if state in _DEAD else rest[18]


def known_dead(name: str) -> bool:
    """Whether a process of this machine has ended; False for what can't be known here."""
    try:
        owner = json.loads(name)
        here = _here()
        if any(owner[key] != value for key, value in here.items()):
            return False
        return bool(_start(int(owner["pid"])) != owner["start"])
    except (ValueError, KeyError, TypeError):
        return False


@dataclass
class Watch:
    """Notes when each trial's worker last said that it lives, by this process's own clock.

    Clocks of other machines are never compared.
    """

    stale_s: float = STALE_S
    _seen: dict[int, tuple[str, float]] = field(default_factory=dict)

    def is_gone(self, trial: int, owner: str, beat: int) -> bool:
        """Whether the worker of a trial is gone.

        Args:
            beat: how often it has said that it lives.
        """
        if not owner or known_dead(owner):
            return True
        now, mark = time.monotonic(), f"{owner} {beat}"
        last = self._seen.get(trial)
        if last is None or last[0] != mark:
            self._seen[trial] = (mark, now)
            return False
        return now - last[1] > self.stale_s
