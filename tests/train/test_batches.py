"""Batches made ahead: order, errors, and a thread that ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from fcn_hw.train.batches import AHEAD, ahead


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_items_keep_their_order() -> None:
    with ahead(range(50)) as items:
        assert list(items) == list(range(50))
        assert list(items) == []
    assert threads() == []


def test_no_more_than_asked_for_is_made_ahead() -> None:
    made = []

    def source() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    with ahead(source()) as items:
        for number in items:
            # one may be in the hands of the thread while the next is handed out
            assert number in made and len(made) <= number + 1 + AHEAD


def test_items_are_made_while_the_first_is_used() -> None:
    third = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        yield 2
        third.set()
        yield 3

    with ahead(source()) as items:
        assert next(items) == 1
        assert third.wait(20)  # nobody has asked for the second yet


def test_an_error_is_raised_in_its_place() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("no second image")

    with ahead(source()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="no second image"):
            next(items)
    assert threads() == []


def test_the_thread_ends_with_a_loop_that_is_broken_off() -> None:
    def source() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    with pytest.raises(KeyboardInterrupt), ahead(source()) as items:
        assert next(items) == 0
        raise KeyboardInterrupt
    assert threads() == []
