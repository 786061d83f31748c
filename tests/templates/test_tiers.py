"""The two tiers of the grids of this folder: all cases in one of them, all traits every day."""

from __future__ import annotations

from header_bench import Case
from tiers import covering, header_traits, in_tiers, of_tier

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Fold


def pools() -> list[Case]:
    cases = []
    for channels, stride, fmt in [
        (1, 1, "ufixed<4,0>"),
        (2, 2, "fixed<4,0>"),
        (3, 2, "fixed<9,0>"),
    ]:
        build = GraphBuilder("one_case")
        build.input("x", (4, 4, channels), parse_format(fmt))
        build.max_pool2d("y", "x", (2, 2), (stride, stride))
        cases.append(Case(build.finish("y"), None, {}))
    return cases


def test_both_tiers_are_all_cases_and_every_trait_is_met_every_day() -> None:
    cases = [*pools(), *pools()]
    everyday, rest = (of_tier(cases, tier, header_traits) for tier in ("everyday", "rest"))
    assert everyday == [cases[0], cases[2]]  # they have all traits between them
    assert sorted(map(id, everyday + rest)) == sorted(map(id, cases))
    met = frozenset().union(*map(header_traits, everyday))
    assert met == frozenset().union(*map(header_traits, cases))


def test_special_cases_are_met_every_day() -> None:
    (special,) = pools()[:1]
    assert special in of_tier([], "everyday", header_traits, [special])
    assert of_tier([], "rest", header_traits, [special]) == []


def test_traits_tell_formats_borders_and_folds_apart() -> None:
    first, *others = (header_traits(case) for case in pools())
    kind = "MaxPool2D"
    assert {(kind, "signed", False), (kind, "strides down", True)} <= first
    assert all((kind, "strides down", False) in traits for traits in others)
    assert (kind, "format", "int") in others[-1] and (kind, "format", "byte") in others[0]
    one = Case(pools()[1].graph, Fold(1, 1), {})
    assert {(kind, "pe", "one"), (kind, "fold", ("one", "one"))} <= header_traits(one)


def test_the_largest_case_comes_first_and_none_without_a_new_trait() -> None:
    sets = [frozenset("a"), frozenset("abc"), frozenset("cd"), frozenset("d")]
    assert covering(sets) == {1, 2}
    assert covering([]) == set()


def test_values_that_are_not_everyday_are_marked() -> None:
    first, second = in_tiers([("a", 1), ("b", 2)], everyday={("a", 1)})
    assert (first.values, first.marks) == (("a", 1), ())
    assert second.values == ("b", 2) and [mark.name for mark in second.marks] == ["grid"]
