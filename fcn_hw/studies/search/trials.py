"""The trials of a study: no configuration is evaluated twice, and none is lost.

Optuna keeps them: their states, their heartbeats, and a stale trial is failed and enqueued anew.
What is added here is done by a process that holds the lock of the study:

- a proposal that was there before, or needs too much, is failed, and another one is enqueued;
- a configuration without a value, for instance because its training diverged, is failed with a
  reason, and counts as evaluated;
- a trial that its process took and left before its first heartbeat is enqueued anew at once.

A process that was thought dead and comes back finds its trial failed, and drops what it did.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from fcn_hw.errors import ConfigError, StorageError
from fcn_hw.studies.search.space import Configuration, Space
from fcn_hw.studies.search.storage import Storage, one_line, open_storage, study_lock

BEAT_S = 10
"""A process says that it evaluates its trials once in so many seconds."""

STALE_S = 90
"""A trial of which nothing was heard for so long is taken up by another process."""

CONFIGURATION, TAKEN, REASON, COSTS = "configuration", "taken", "reason", "costs"
IDENTITY, ENQUEUED = "fcn_hw identity", "fcn_hw first choices"


@dataclass(frozen=True)
class Taken:
    """A trial that this process evaluates.

    Args:
        trial: Optuna's.
        configuration: what to evaluate.
    """

    trial: Any
    configuration: Configuration

    @property
    def number(self) -> int:
        """Of the trial."""
        return int(self.trial.number)


@dataclass(frozen=True)
class Counts:
    """Trials of a study: evaluated (failures with a reason too), and being evaluated."""

    evaluated: int
    running: int


class Trials:
    """The trials of one study.

    Args:
        storage: where it is.
        study: its name.
        space: what it chooses between.
        sampler: ``"tpe"`` or ``"nsga2"``.
        seed: of the sampler.
        target: configurations to evaluate in all.
        beat_s, stale_s: see :data:`BEAT_S` and :data:`STALE_S`.

    Raises:
        StorageError: the storage can't be reached, is damaged, or holds no such study.
    """

    def __init__(
        self,
        storage: Storage,
        study: str,
        space: Space,
        *,
        sampler: str = "tpe",
        seed: int = 1,
        target: int = 1,
        beat_s: int = BEAT_S,
        stale_s: int = STALE_S,
    ) -> None:
        import optuna

        self.storage, self.name, self.space, self.target = storage, study, space, target
        self._beat_s = beat_s
        self._held: dict[int, Taken] = {}
        with one_line(storage):
            self._optuna = open_storage(storage, beat_s, stale_s)
            self._study = optuna.create_study(
                study_name=study,
                storage=self._optuna,
                directions=["maximize", "minimize"],
                load_if_exists=True,
            )
            if len(self._study.directions) != 2:
                raise self._other_program()
            # a run that goes on does not draw again what the run before has drawn
            seed = (seed * 1_000_003 + self.counts().evaluated * 104_729) % (1 << 32)
        self._study.sampler = _sampler(sampler, seed, target)
        self._chance = random.Random(seed)

    def identify(self, identity: Mapping[str, str]) -> None:
        """Makes the study this design's, or checks that it is.

        Args:
            identity: what a study depends on, as text, by what people call it.

        Raises:
            ConfigError: it was made with something else; says what.
            StorageError: a trial is damaged.
        """
        with self._locked():
            known = self._study.user_attrs.get(IDENTITY)
            if known is None:
                if self._trials():
                    raise self._other_program()
                self._study.set_user_attr(IDENTITY, dict(identity))
                return
        for what, value in identity.items():
            if known.get(what) == value:
                continue
            readable = max(len(value), len(str(known.get(what)))) <= 60
            detail = f": {known.get(what)}, not {value}" if readable else ""
            raise ConfigError(
                f"study '{self.name}' in {self.storage.shown} was made with another {what}{detail}",
                hint="give another --study; or --storage and --study of the old one with what "
                "it was made with",
            )
        self.evaluated()  # a damaged trial is told before any is evaluated

    @property
    def has_first_choices(self) -> bool:
        """Whether all first configurations are enqueued."""
        with one_line(self.storage):
            return ENQUEUED in self._study.user_attrs

    def enqueue(self, chosen: list[Configuration]) -> None:
        """Enqueues the first configurations, once, whoever else tries to."""
        with self._locked():
            if ENQUEUED in self._study.user_attrs:
                return
            there = {t.user_attrs.get(CONFIGURATION) for t in self._trials()}
            for item in chosen:
                if item.digest not in there:  # a run before may have been cut off in the middle
                    self._enqueue(item)
            self._study.set_user_attr(ENQUEUED, len(chosen))

    def counts(self) -> Counts:
        """How far the study is."""
        with one_line(self.storage):
            trials = self._trials()
        running = sum(t.state.name == "RUNNING" for t in trials)
        return Counts(sum(map(_is_evaluated, trials)), running)

    def evaluated(self) -> list[tuple[int, Configuration, Any]]:
        """Number, configuration and trial of all that have values, in order.

        Raises:
            StorageError: a trial is damaged.
        """
        with one_line(self.storage):
            trials = [trial for trial in self._trials() if trial.state.name == "COMPLETE"]
        found = []
        for trial in trials:
            attrs = trial.user_attrs
            try:
                chosen = self.space.configuration(trial.params)
                whole = attrs[CONFIGURATION] == chosen.digest and len(trial.values) == 2
                whole = whole and isinstance(attrs[COSTS], dict)
            except (KeyError, IndexError, TypeError):
                whole = False
            if not whole:
                raise StorageError.damaged(self.storage.shown, f"a part of trial {trial.number}")
            found.append((trial.number, chosen, trial))
        return found

    def failures(self) -> dict[str, str]:
        """Trials that were evaluated and have no value, and why."""
        with one_line(self.storage):
            return {
                f"trial {trial.number}": str(trial.user_attrs[REASON])
                for trial in self._trials()
                if REASON in trial.user_attrs
            }

    def next(self) -> Taken | None:
        """The next trial to evaluate; None: there is none now.

        There may be one later, while other processes evaluate: :meth:`counts` says so.
        """
        with self._locked():
            self._enqueue_lost()
            while True:
                trials = self._trials()
                running = sum(trial.state.name == "RUNNING" for trial in trials)
                if sum(map(_is_evaluated, trials)) + running >= self.target:
                    return None
                taken = self._taken(self._study.ask(), trials)
                if taken is not None:
                    self._held[taken.trial._trial_id] = taken
                    return taken
                if not any(trial.state.name == "WAITING" for trial in self._trials()):
                    return None  # nothing new is left

    def finish(self, taken: Taken, values: tuple[float, float], facts: Mapping[str, Any]) -> bool:
        """Gives a trial its values; False if it is no longer this process's."""
        with self._locked():
            if not self._let_go(taken):
                return False
            for key, value in facts.items():
                taken.trial.set_user_attr(key, value)
            self._study.tell(taken.trial, list(values))
            return True

    def give_up(self, taken: Taken, reason: str) -> None:
        """A configuration that has no value, for instance because training diverged."""
        with self._locked():
            if self._let_go(taken):
                taken.trial.set_user_attr(REASON, reason)
                self._fail(taken.trial)

    @contextmanager
    def heartbeats(self) -> Iterator[None]:
        """Says that this process lives; what it then still holds, another may take up at once."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(self._beat_s):
                for trial_id in tuple(self._held):
                    with suppress(Exception):  # a server that is away: the next one tells
                        self._optuna.record_heartbeat(trial_id)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            if self._held:
                with suppress(Exception), self._locked():  # else they become stale
                    for taken in tuple(self._held.values()):
                        if self._let_go(taken):
                            self._enqueue_anew(self._optuna.get_trial(taken.trial._trial_id))

    # -- with the lock held ------------------------------------------------------------------------

    def _taken(self, trial: Any, trials: list[Any]) -> Taken | None:
        """The trial, this process's now; None if it must not be evaluated: another is enqueued."""
        indices = {
            name: trial.suggest_int(name, 0, len(choices) - 1)
            for name, choices in self.space.parameters.items()
        }
        chosen = self.space.configuration(indices)
        seen = {
            t.user_attrs.get(CONFIGURATION)
            for t in trials
            if t.number != trial.number
            and (_is_evaluated(t) or t.state.name in ("RUNNING", "WAITING"))
        }
        settled = self.space.settled(chosen, seen, self._chance)  # type: ignore[arg-type]
        if settled is None or settled.digest != chosen.digest:
            if settled is not None:
                self._enqueue(settled)
            self._fail(trial)
            return None
        trial.set_user_attr(CONFIGURATION, chosen.digest)
        self._optuna.record_heartbeat(trial._trial_id)
        trial.set_user_attr(TAKEN, trial.number)  # last: what has it has all of it
        return Taken(trial, chosen)

    def _enqueue_lost(self) -> None:
        """Enqueues anew what a process took and then ended, or was cut off from the storage."""
        from optuna.storages import fail_stale_trials

        fail_stale_trials(self._study)
        for trial in self._trials():
            if trial.state.name == "RUNNING" and trial.user_attrs.get(TAKEN) != trial.number:
                self._enqueue_anew(trial)

    def _enqueue_anew(self, trial: Any) -> None:
        from optuna.storages import RetryHeartbeatStaleTrialCallback

        RetryHeartbeatStaleTrialCallback()(self._study, trial)
        self._fail(trial.number)  # last: a process that is killed in between has lost nothing

    def _enqueue(self, chosen: Configuration) -> None:
        self._study.enqueue_trial(
            self.space.places(chosen), user_attrs={CONFIGURATION: chosen.digest}
        )

    def _fail(self, trial: Any) -> None:
        from optuna.trial import TrialState

        self._study.tell(trial, state=TrialState.FAIL)

    def _let_go(self, taken: Taken) -> bool:
        """Forgets a trial; False if it is no longer this process's."""
        self._held.pop(taken.trial._trial_id, None)
        return not self._optuna.get_trial(taken.trial._trial_id).state.is_finished()

    def _other_program(self) -> ConfigError:
        return ConfigError(
            f"study '{self.name}' in {self.storage.shown} is not of fcn-hw search",
            hint="give another --study",
        )

    def _trials(self) -> list[Any]:
        trials: list[Any] = self._study.get_trials(deepcopy=False)
        return trials

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with one_line(self.storage), study_lock(self.storage, self.name):
            yield


def _is_evaluated(trial: Any) -> bool:
    return trial.state.name == "COMPLETE" or (
        trial.state.name == "FAIL" and REASON in trial.user_attrs
    )


def _sampler(name: str, seed: int, target: int) -> Any:
    """Optuna's sampler.

    tpe: multi-objective tree-structured Parzen estimator (Ozaki et al., GECCO 2020).
    nsga2: Deb et al., IEEE Transactions on Evolutionary Computation 6(2), 2002.
    """
    from optuna.samplers import NSGAIISampler, TPESampler

    if name == "nsga2":
        return NSGAIISampler(population_size=max(4, min(50, target // 4)), seed=seed)
    return TPESampler(
        n_startup_trials=max(2, min(10, target // 3)),
        multivariate=True,
        constant_liar=True,
        seed=seed,
    )
