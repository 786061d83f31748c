"""A stage that writes to a board's project is alone there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from fcn_hw.boards import Board
from fcn_hw.flow.workspace import Target
from fcn_hw.locks import locked

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=Target)


def alone_in_project(
    verb: str,
) -> Callable[[Callable[Concatenate[T, Board, P], R]], Callable[Concatenate[T, Board, P], R]]:
    """Makes a stage ``(workspace, board, ...)`` hold the lock of its project while it runs.

    Args:
        verb: for the message that another process gets.
    """

    def decorate(
        stage: Callable[Concatenate[T, Board, P], R],
    ) -> Callable[Concatenate[T, Board, P], R]:
        @wraps(stage)
        def run(workspace: T, board: Board, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with locked(workspace.project(board), f"fcn-hw {verb}"):
                return stage(workspace, board, *args, **kwargs)

        return run

    return decorate
