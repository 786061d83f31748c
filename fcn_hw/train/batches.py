"""Batches made ahead of time by a thread of their own.

Varying the images takes a tenth of a step, and TensorFlow leaves the interpreter free meanwhile: a
core that it does not use, or a GPU's host, does it. One thread makes all batches, in their order,
so that the random draws are those of a plain loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

AHEAD = 2
"""Batches that wait. More would only cost memory."""

_END: Any = object()


@contextmanager
def ahead(items: Iterable[T], count: int = AHEAD) -> Iterator[Iterator[T]]:
    """``items``, computed up to ``count`` of them before they are asked for.

    The thread has ended when the context has, however that ended: what ``items`` reads may change
    again. An exception of ``items`` is raised where its item is asked for.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
        waiting = deque(thread.submit(next, source, _END) for _ in range(count))

        def taken() -> Iterator[T]:
            while (item := waiting.popleft().result()) is not _END:
                waiting.append(thread.submit(next, source, _END))
                yield item

        try:
            yield taken()
        finally:
            for future in waiting:
                future.cancel()
