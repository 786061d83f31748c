"""Hands out trials: no configuration twice, none lost.

Every trial is in one of these states, and only a process that holds the study's door changes it:

waiting   enqueued with its configuration
running   with a worker, whose name and beats are attributes of the trial
complete  evaluated; or failed, with the reason why this configuration has no value
failed    with no reason: never evaluated, because it was taken or too wide

A trial whose worker is gone stays as it is until another worker takes it over, and that one worker
only: taking it over is a change of its owner behind the door. A worker that was thought gone and
comes back finds another name there, and drops what it did.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fcn_hw.errors import ConfigError, FcnHwError, nearest
from fcn_hw.studies.search.owners import BEAT_S, Watch, own_name
from fcn_hw.studies.search.place import Place, door, open_storage, storage_error
from fcn_hw.studies.search.space import Configuration, Space

OWNER, BEAT, DIGEST, REASON = "owner", "beat", "configuration", "reason"
IDENTITY, ENQUEUED = "fcn_hw identity", "fcn_hw first choices"
SAMPLERS = ("tpe", "nsga2")
_POLL_S = 0.5


@dataclass(frozen=True)
class Job:
    """A trial that this process has to evaluate.

    Args:
        number: of the trial.
        trial: Optuna's.
        configuration: what to evaluate.
        was_taken_over: its worker was gone.
    """

    number: int
    trial: Any
    configuration: Configuration
    was_taken_over: bool


@dataclass(frozen=True)
class Counts:
    """Trials of a study: evaluated (failures with a reason too), and with workers."""

    evaluated: int
    running: int


class Desk:
    """The trials of one study.

    Args:
        place: where it is.
        study: its name.
        space: what it chooses between.
        sampler: ``"tpe"`` or ``"nsga2"``.
        seed: of the sampler; each worker has its own.
        target: configurations to evaluate in all.
        watch: of other workers.

    Raises:
        FcnHwError: the storage can't be reached, or holds no such study.
    """

    def __init__(
        self,
        place: Place,
        study: str,
        space: Space,
        *,
        sampler: str = "tpe",
        seed: int = 1,
        target: int = 1,
        watch: Watch | None = None,
    ) -> None:
        import optuna

        self.place, self.name, self.space, self.target = place, study, space, target
        self._watch = watch or Watch()
        self._me = own_name()
        self._chance = random.Random(seed)
        self._storage = open_storage(place)
        with self._told():
            self._study = optuna.create_study(
                study_name=study,
                storage=self._storage,
                directions=["maximize", "minimize"],
                load_if_exists=True,
                sampler=_sampler(sampler, seed, target),
            )
            if len(self._study.directions) != 2:
                raise ConfigError(
                    f"study '{study}' in {place.shown} is not of fcn-hw search",
                    hint="give another --study",
                )

    # -- the parent --------------------------------------------------------------------------------

    def identify(self, identity: Mapping[str, str]) -> None:
        """Makes the study this design's, or checks that it is.

        Args:
            identity: what a study depends on, as text, by what people call it.

        Raises:
            ConfigError: it was made with something else; says what.
        """
        with self._door():
            known = self._study.user_attrs.get(IDENTITY)
            if known is None:
                if self._trials():
                    raise ConfigError(
                        f"study '{self.name}' in {self.place.shown} is not of fcn-hw search",
                        hint="give another --study",
                    )
                self._study.set_user_attr(IDENTITY, dict(identity))
                return
            for what, value in identity.items():
                if known.get(what) == value:
                    continue
                readable = max(len(value), len(str(known.get(what)))) <= 60
                detail = f": {known.get(what)}, not {value}" if readable else ""
                raise ConfigError(
                    f"study '{self.name}' in {self.place.shown} was made with another "
                    f"{what}{detail}",
                    hint="give another --study; or --storage and --study of the old one with what "
                    "it was made with",
                )

    @property
    def has_first_choices(self) -> bool:
        """Whether all first configurations are enqueued."""
        with self._told():
            return ENQUEUED in self._study.user_attrs

    def enqueue(self, chosen: list[Configuration]) -> None:
        """Enqueues the first configurations, once, whoever else tries to."""
        with self._door():
            if ENQUEUED in self._study.user_attrs:
                return
            there = {t.user_attrs.get(DIGEST) for t in self._trials()}
            for item in chosen:
                if item.digest not in there:  # a run before may have been cut off in the middle
                    self._study.enqueue_trial(
                        self.space.places(item), user_attrs={DIGEST: item.digest}
                    )
            self._study.set_user_attr(ENQUEUED, len(chosen))

    def counts(self) -> Counts:
        """How far the study is."""
        with self._told():
            trials = self._trials()
        running = sum(t.state.name == "RUNNING" for t in trials)
        return Counts(sum(map(_is_evaluated, trials)), running)

    def evaluated(self) -> list[tuple[int, Configuration, Any]]:
        """Number, configuration and trial of all that have values, in order."""
        with self._told():
            return [
                (trial.number, self.space.configuration(trial.params), trial)
                for trial in self._trials()
                if trial.state.name == "COMPLETE"
            ]

    def failures(self) -> dict[str, str]:
        """Trials that were evaluated and have no value, and why."""
        with self._told():
            return {
                f"trial {trial.number}": str(trial.user_attrs[REASON])
                for trial in self._trials()
                if REASON in trial.user_attrs
            }

    # -- a worker ----------------------------------------------------------------------------------

    def next(self, pause: Callable[[float], None] = time.sleep) -> Job | None:
        """The next trial to evaluate; waits while others may leave one.

        Returns:
            None when as many as wanted are evaluated, or nothing new is left.
        """
        while True:
            with self._door():
                job, may_come = self._choose()
            if job is not None or not may_come:
                return job
            pause(_POLL_S)

    def finish(self, job: Job, values: tuple[float, float], facts: Mapping[str, Any]) -> bool:
        """Gives a trial its values; False if it is no longer this process's."""
        with self._door():
            if not self._is_mine(job):
                return False
            for key, value in facts.items():
                job.trial.set_user_attr(key, value)
            self._study.tell(job.trial, list(values))
            return True

    def give_up(self, job: Job, reason: str) -> None:
        """A configuration that has no value, for instance because training diverged."""
        from optuna.trial import TrialState

        with self._door():
            if self._is_mine(job):
                job.trial.set_user_attr(REASON, reason)
                self._study.tell(job.trial, state=TrialState.FAIL)

    def beating(self, job: Job, every_s: float = BEAT_S) -> Beating:
        """Says that this process lives, as long as it is entered."""
        return Beating(self, job, every_s)

    def beat(self, job: Job, number: int) -> None:
        """Says once that this process lives."""
        job.trial.set_user_attr(BEAT, number)

    # -- inside ------------------------------------------------------------------------------------

    def _choose(self) -> tuple[Job | None, bool]:
        """A job, or None and whether one may come; the door is held."""
        from optuna import Trial

        trials = self._trials()
        running = [t for t in trials if t.state.name == "RUNNING"]
        for orphan in running:
            attrs = orphan.user_attrs
            # without an owner: its worker ended between asking for it and writing its name
            if self._watch.is_gone(orphan.number, attrs.get(OWNER, ""), attrs.get(BEAT, 0)):
                trial = Trial(self._study, orphan._trial_id)
                job = self._taken(trial, trials, was_taken_over=bool(attrs.get(OWNER)))
                if job is not None:
                    return job, True
                return None, True
        evaluated = sum(map(_is_evaluated, trials))
        if evaluated + len(running) >= self.target:
            return None, bool(running) and evaluated < self.target
        while True:
            job = self._taken(self._study.ask(), trials, was_taken_over=False)
            if job is not None:
                return job, True
            if not any(t.state.name == "WAITING" for t in self._trials()):
                return None, bool(running)  # nothing new is left

    def _taken(self, trial: Any, trials: list[Any], *, was_taken_over: bool) -> Job | None:
        """The trial, this process's now; None if it must not be evaluated: another is enqueued."""
        from optuna.trial import TrialState

        places = {
            name: trial.suggest_int(name, 0, len(choices) - 1)
            for name, choices in self.space.parameters.items()
        }
        chosen = self.space.configuration(places)
        seen = {
            t.user_attrs.get(DIGEST)
            for t in trials
            if t.number != trial.number
            and (_is_evaluated(t) or t.state.name in ("RUNNING", "WAITING"))
        }
        settled = self.space.settled(chosen, seen, self._chance)  # type: ignore[arg-type]
        if settled is None or settled.digest != chosen.digest:
            if settled is not None:
                self._study.enqueue_trial(
                    self.space.places(settled), user_attrs={DIGEST: settled.digest}
                )
            self._study.tell(trial, state=TrialState.FAIL)
            return None
        trial.set_user_attr(DIGEST, chosen.digest)
        trial.set_user_attr(BEAT, 0)
        trial.set_user_attr(OWNER, self._me)  # last: what has an owner has all of it
        return Job(trial.number, trial, chosen, was_taken_over)

    def _is_mine(self, job: Job) -> bool:
        trial = self._storage.get_trial(job.trial._trial_id)
        return not trial.state.is_finished() and trial.user_attrs.get(OWNER) == self._me

    def _trials(self) -> list[Any]:
        trials: list[Any] = self._study.get_trials(deepcopy=False)
        return trials

    def _door(self) -> _Told:
        return _Told(self.place, door(self.place, self.name))

    def _told(self) -> _Told:
        return _Told(self.place, None)


class _Told:
    """Turns what a database raises into one line; holds the door meanwhile, if there is one."""

    def __init__(self, place: Place, held: Any) -> None:
        self._place, self._held = place, held

    def __enter__(self) -> None:
        if self._held is not None:
            with _Told(self._place, None):
                self._held.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if self._held is not None:
            self._held.__exit__(None, None, None)
        if isinstance(error, Exception) and not isinstance(error, (FcnHwError, OSError)):
            from optuna.exceptions import StorageInternalError
            from sqlalchemy.exc import SQLAlchemyError

            if isinstance(error, (StorageInternalError, SQLAlchemyError)):
                raise storage_error(self._place, error) from None


class Beating:
    """A thread that says that this process lives."""

    def __init__(self, desk: Desk, job: Job, every_s: float) -> None:
        self._desk, self._job, self._every_s = desk, job, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(self._every_s):
            number += 1
            with suppress(Exception):  # a server that is away for a while: the next beat tells
                self._desk.beat(self._job, number)


def _is_evaluated(trial: Any) -> bool:
    return trial.state.name == "COMPLETE" or (
        trial.state.name == "FAIL" and REASON in trial.user_attrs
    )


def _sampler(name: str, seed: int, target: int) -> Any:
    """Optuna's sampler.

    tpe: multi-objective tree-structured Parzen estimator (Ozaki et al., GECCO 2020).
    nsga2: Deb et al., IEEE Transactions on Evolutionary Computation 6(2), 2002.
    """
    import warnings

    from optuna.samplers import NSGAIISampler, TPESampler

    if name not in SAMPLERS:
        raise ConfigError(f"unknown sampler '{name}'; near: {nearest(name, SAMPLERS)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls options experimental
        if name == "nsga2":
            return NSGAIISampler(population_size=max(4, min(50, target // 4)), seed=seed)
        return TPESampler(
            n_startup_trials=max(2, min(10, target // 3)),
            multivariate=True,
            constant_liar=True,
            seed=seed,
        )
