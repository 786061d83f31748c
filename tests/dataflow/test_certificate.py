"""Certificates: what they hold, what their check refuses; explanations of depths."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from dataflow_graphs import balanced_folds, fcn8s, random_folds, small_skip_graph, unet
from random_networks import random_network

from fcn_hw.dataflow.certificate import Certificate, check_certificate, make_certificate, play
from fcn_hw.dataflow.explain import explain
from fcn_hw.dataflow.fifos import size_fifos
from fcn_hw.dataflow.lowering import lower
from fcn_hw.errors import ConfigError, ReportError
from fcn_hw.ops import Fold
from fcn_hw.results import read_result, write_result

pytestmark = pytest.mark.gxx

GRAPH = small_skip_graph(0)
FOLDS = random_folds(GRAPH, 0)


@pytest.fixture(scope="module")
def certificate():
    return make_certificate(size_fifos(lower(GRAPH), FOLDS, 0.1), "graph digest")


def signed(certificate, **changes):
    """A certificate with changes and a digest that fits them."""
    changed = replace(certificate, **changes)
    return replace(changed, digest=changed.content_digest())


def check(certificate, folds=FOLDS, graph="graph digest"):
    check_certificate(certificate, lower(GRAPH), folds, graph)


def test_a_certificate_is_json_and_passes_its_check(certificate, tmp_path) -> None:
    write_result(tmp_path / "certificate.json", certificate)
    stored = read_result(tmp_path / "certificate.json", Certificate)
    check(stored)
    assert stored == certificate
    content = json.loads((tmp_path / "certificate.json").read_text())
    digest = content.pop("digest")  # anybody can compute it
    assert digest == hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    assert len(stored.runs) == 5 and stored.runs[0].order == "program"


@pytest.mark.parametrize("seed", range(12))
def test_certificates_of_random_networks_pass(seed) -> None:
    graph = random_network(seed)
    folds = random_folds(graph, seed)
    found = make_certificate(size_fifos(lower(graph), folds), "")
    check_certificate(found, lower(graph), folds, "")


def test_the_check_refuses_what_was_changed(certificate) -> None:
    what = "certificate of 'small0': "
    skip = "first_to_joined"
    short = certificate.depths | {skip: 3}
    other = tuple(replace(run, reads_and_writes=1) for run in certificate.runs)
    for changed, reason in (
        (replace(certificate, depths=short), "the digest is not that of its content"),
        (signed(certificate, graph="other"), "it is of another graph"),
        (signed(certificate, folds={}), "it is of other folds"),
        (signed(certificate, depths={skip: 3}), "its FIFOs are not those of the design"),
        (signed(certificate, depths=short), "a frame does not complete in the order 'program'"),
        (signed(certificate, runs=other), "another run of the order 'program'"),
    ):
        with pytest.raises(ReportError) as caught:
            check(changed)
        assert str(caught.value) == what + reason
    with pytest.raises(ReportError, match="it is of other folds"):
        check(certificate, folds={name: Fold(1, 1) for name in FOLDS})


def test_playing_tokens_finds_the_same_least_depths_as_the_engine() -> None:
    sized = size_fifos(lower(GRAPH), FOLDS)
    network = sized.orders[0].network
    assert sized.skips == ("first_to_joined",)
    for name in sized.skips:
        least = sized.deadlock_minimum[name]
        for depth in (least - 1, least):
            played = play(network, sized.depths | {name: depth}, sequential=True)
            assert (played is None) == (depth < least)


# -- explanations ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sized():
    graph = unet(32, 32, (8, 16, 16, 8, 8))
    return size_fifos(lower(graph), balanced_folds(graph, 15_000), 0.1)


def test_a_skip_is_explained_by_who_waits_for_whom(sized) -> None:
    found = explain(sized, "enc1_to_cat1")
    assert (found.depth, found.keeps_rate) == (
        sized.depths["enc1_to_cat1"],
        sized.minimum["enc1_to_cat1"],
    )
    least = found.avoids_deadlock
    writer, reader = found.deadlock[:2]
    assert (writer.process, reader.process) == ("enc1_fork1", "cat1")
    assert writer.pixel - reader.pixel == writer.fill == least - 1
    text = " ".join(found.sentences)
    assert "carries pixels of 32 bits from 'enc1_fork1' to 'cat1', 32 x 32 a frame" in text
    assert f"It is {found.depth} deep" in text and f"{found.keeps_rate} lose no throughput" in text
    assert (
        "Pixels wait here until 'cat1' has the pixels that belong to them from 'up1', the longer "
        f"way: to get pixel {reader.pixel} there, 'enc1_fork1' must have gone on to pixel "
        f"{writer.pixel} here." in text
    )
    stops = found.sentences.index(f"With {least - 1} the design stops for ever:")
    waits = found.sentences[stops + 1 : stops + 1 + len(found.deadlock)]
    assert waits == tuple(f"  {wait}" for wait in found.deadlock)
    assert waits[0].startswith("  'enc1_fork1' waits for a slot for pixel")


def test_an_op_that_joins_streams_stands_for_the_fifo_of_its_skip(sized) -> None:
    found = explain(sized, "cat1")
    assert found.fifo == "enc1_to_cat1"
    assert found.sentences[0] == "The skip of 'cat1' waits in 'enc1_to_cat1'."
    assert found.sentences[1:] == explain(sized, "enc1_to_cat1").sentences
    assert explain(sized, "cat2").fifo == "enc2_to_cat2"


def test_a_skip_that_waits_in_front_of_a_convolution_is_found() -> None:
    graph = fcn8s(64, 96, (6, 12, 20), (2, 2, 2), 48)
    found = size_fifos(lower(graph), balanced_folds(graph, 70_000))
    for pool in ("pool1", "pool2"):
        text = explain(found, f"add_{pool}")
        assert text.fifo in found.skips
        assert f"until 'add_{pool}' has the pixels" in " ".join(text.sentences)


def test_a_short_fifo_is_explained_by_turns(sized) -> None:
    name = next(n for n, least in sized.minimum.items() if least == 2)
    assert explain(sized, name).sentences[-1] == (
        "The two processes take turns: one slot is written while another one is read."
    )


def test_a_fifo_that_smooths_bursts_tells_what_a_smaller_one_costs(sized) -> None:
    name = next(n for n, least in sized.minimum.items() if least > 4 and n not in sized.skips)
    found = explain(sized, name)
    text = " ".join(found.sentences)
    assert "in bursts" in text and found.deadlock == ()
    assert f"cycles instead of {sized.interval:,}" in text
    assert "margin of 10 %" in text


def test_an_unknown_fifo_is_refused(sized) -> None:
    with pytest.raises(ConfigError) as caught:
        explain(sized, "enc1_to_cat")
    assert str(caught.value) == "there is no FIFO 'enc1_to_cat'"
    assert "'enc1_to_cat1'" in caught.value.hint
