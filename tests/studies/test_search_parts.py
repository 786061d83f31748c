"""The parts of the search that need no training: space, integer program, costs, points, front."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from search_worker import small_space

from fcn_hw.backend.structure import Layout
from fcn_hw.boards import load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Design, Utilization
from fcn_hw.design_yaml import load_design
from fcn_hw.errors import ConfigError
from fcn_hw.estimate.design_folds import choose_folding
from fcn_hw.fixed import FixedFormat, from_quantized_relu, parse_format
from fcn_hw.flow.workspace import open_workspace
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding
from fcn_hw.results import read_result, result_data, write_result
from fcn_hw.studies.kept import keep
from fcn_hw.studies.search.budget import Budget, budget_of, fits_device
from fcn_hw.studies.search.first_choice import first_choices
from fcn_hw.studies.search.formats import ChoiceFormats, sensitivities, stored_formats
from fcn_hw.studies.search.front import Point, SearchResult, front_of, front_png, front_svg
from fcn_hw.studies.search.options import COSTS, SearchOptions
from fcn_hw.studies.search.part_costs import PartCosts, part_costs, sum_of_parts
from fcn_hw.studies.search.points import write_point
from fcn_hw.studies.search.pricing import Costs, Pricing, pricing_of
from fcn_hw.studies.search.space import Configuration, Space, space_of
from fcn_hw.studies.search.variants import with_formats
from fcn_hw.train.calibrate import choose_weight, signed_format, weight_codes
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.networks import Weights
from fcn_hw.train.precision import LayerFormats, PrecisionTable, SignFormat, is_hidden
from fcn_hw.train.store import Checkpoint, CheckpointFile
from fcn_hw.train.topology import kernel_shape, quantizable

DESIGN = """
# About the design itself.

name: squares

# What it learns from.
dataset: {kind: digit_scenes, height: 16, width: 24, train_images: 4, val_images: 2}

network:
  kind: fcn16s
  filters: [4, 6]               # two stages
  head_filters: 8

# Bits.
precision:
  default: {weight: 4, bias: 8, activation: 4}
  layers:
    conv1_1: {bias: 9}          # a bias of its own
    # a comment inside

training: {float_epochs: 1}     # short

# Hardware.
hls:
  ReuseFactor: auto
  target_fps: 100
  fifo_margin: 0.2
"""


def design() -> Design:
    return Design.model_validate(yaml.safe_load(DESIGN))


def small_weights(seed: int = 1) -> Weights:
    rng = np.random.default_rng(seed)
    topology = design_topology(design())
    channels = {node.name: node.shape.channels for node in topology}
    return {
        node.name: (
            rng.normal(0, 0.4, kernel_shape(node, channels[node.source])).astype(np.float32),
            rng.normal(0, 0.4, node.shape.channels).astype(np.float32),
        )
        for node in quantizable(topology)
    }


def formats_of(space: Space, weights: Weights) -> ChoiceFormats:
    """Formats by weights; losses that fall with the bits, each layer its own."""
    hidden = {node.name: is_hidden(node) for node in quantizable(design_topology(design()))}

    def activation(name: str, bits: int) -> FixedFormat:
        return from_quantized_relu(bits, 2) if hidden[name] else signed_format(bits, 3)

    base = {
        name: LayerFormats(signed_format(4, 1), signed_format(8, 2), activation(name, 4))
        for name in hidden
    }
    w = {
        layer.name: {str(c): str(choose_weight(weights[layer.name][0], c)) for c in layer.weights}  # type: ignore[arg-type]
        for layer in space.layers
    }
    a = {
        layer.name: {str(b): str(activation(layer.name, b)) for b in layer.activations}
        for layer in space.layers
    }
    rng = np.random.default_rng(7)

    def losses(choices: dict[str, dict[str, str]]) -> dict[str, dict[str, float]]:
        return {
            name: {c: float(rng.uniform(1, 2)) / (1 + i) ** 2 for i, c in enumerate(values)}
            for name, values in choices.items()
        }

    return ChoiceFormats(PrecisionTable(base), w, a, losses(w), losses(a))


def base_graph(table: PrecisionTable, weights: Weights) -> Graph:
    """The graph of the design's network, written by hand."""
    build = GraphBuilder("squares")
    tip = build.input("image", (16, 24, 3), parse_format("ufixed<8,0>"))

    def conv(name: str, source: str) -> str:
        kernel, bias = weights[name]
        formats = table.layers[name]
        fmt = formats.weight
        assert isinstance(fmt, FixedFormat)
        pad = kernel.shape[0] // 2
        return build.conv2d(
            name, source, Constant(weight_codes(kernel, fmt), fmt),
            Constant(weight_codes(bias, formats.bias), formats.bias),
            padding=Padding(pad, pad, pad, pad), fmt=formats.activation,
        )  # fmt: skip

    tip = build.max_pool2d("pool1", conv("conv1_1", tip), (2, 2))
    skip = tip
    tip = build.max_pool2d("pool2", conv("conv2_1", tip), (2, 2))
    tip = conv("score_fr", conv("fc7", conv("fc6", tip)))
    tip = build.upsample_bilinear("up_pool1", tip, (2, 2))
    tip = build.skip_add("skip_pool1", tip, conv("score_pool1", skip))
    tip = build.upsample_bilinear("up_out", tip, (2, 2))
    return build.finish(build.arg_max("class_map", tip))


@pytest.fixture(scope="module")
def weights() -> Weights:
    return small_weights()


@pytest.fixture(scope="module")
def space() -> Space:
    return space_of(design(), weights=("ternary", 2, 4, 8), activations=(2, 4, 8))


@pytest.fixture(scope="module")
def formats(space: Space, weights: Weights) -> ChoiceFormats:
    return formats_of(space, weights)


@pytest.fixture(scope="module")
def graph(formats: ChoiceFormats, weights: Weights) -> Graph:
    return base_graph(formats.base, weights)


@pytest.fixture(scope="module")
def pricing(graph: Graph) -> Pricing:
    board, hls = load_board("pynq-z2"), design().hls.model_copy(update={"target_fps": None})
    layout = Layout(choose_folding(graph, board, hls), lower(graph))
    return pricing_of(graph, board, layout, None)


@pytest.fixture(scope="module")
def parts(
    graph: Graph, pricing: Pricing, space: Space, formats: ChoiceFormats, weights: Weights
) -> PartCosts:
    return part_costs(graph, pricing, space, formats, weights)


def some(space: Space, seed: int) -> Configuration:
    chance = random.Random(seed)
    return space.configuration(
        {name: chance.randrange(len(choices)) for name, choices in space.parameters.items()}
    )


# -- space -------------------------------------------------------------------------------------


def test_the_choices_of_a_design() -> None:
    content = yaml.safe_load(DESIGN)
    content["precision"]["layers"] = {
        "fc6": {"weight": "binary", "activation": 5},
        "fc7": {"weight": {"bits": 3, "integer": 1}},
    }
    space = space_of(Design.model_validate(content))
    layers = {layer.name: layer for layer in space.layers}
    assert layers["fc6"].weights == ("binary", 2, 3, 4, 6, 8)
    assert layers["fc6"].activations == (2, 3, 4, 5, 6, 8)
    assert layers["fc7"].weights == ()  # its binary point is the design's
    assert layers["fc6"].size == 3 * 3 * 6 * 8
    one_bit = space_of(design(), activations=(1, 4))
    by_name = {layer.name: layer.activations for layer in one_bit.layers}
    assert by_name["fc6"] == (1, 4)
    assert by_name["score_fr"] == (4,)  # its activation has a sign


def test_the_design_itself_is_a_configuration(space: Space) -> None:
    own = space.as_designed()
    assert own is not None
    assert set(own.weights.values()) == set(own.activations.values()) == {4}
    assert space_of(design(), weights=(2, 8)).as_designed() is None
    assert space.average_bits(own) == 4


def test_places_and_back(space: Space) -> None:
    for seed in range(10):
        chosen = some(space, seed)
        assert space.configuration(space.places(chosen)) == chosen


def test_average_bits_by_hand() -> None:
    space = small_space()
    sizes = [layer.size for layer in space.layers]
    chosen = space.configuration(
        {name: int(name.startswith("conv1_1")) for name in space.parameters}
    )
    assert space.average_bits(chosen) == (4 * sizes[0] + 2 * sum(sizes[1:])) / sum(sizes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": (1,)}, "weights: '1' is no choice"),
        ({"weights": ("quaternary",)}, "weights: 'quaternary' is no choice"),
        ({"activations": (17,)}, "activations: 17 bits"),
        ({"activations": (1,)}, "nothing to choose"),
        ({"weights": (4,), "activations": (4,)}, "nothing to search: every layer has one choice"),
        ({"weights": (3, 4), "max_average_bits": 2.5}, "the narrowest weights average 3.00"),
    ],
)
def test_spaces_that_are_none(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        space_of(design(), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "--trials 0: at least 1"),
        ({"workers": 0}, "--workers 0: at least 1"),
        ({"epochs": -1}, "--epochs -1: at least 0"),
        ({"max_average_bits": 0.5}, "--max-average-bits 0.5: at least 1"),
        ({"cost": "luts"}, "--cost luts: unknown; near: 'lut'"),
        ({"sampler": "tpa"}, "--sampler tpa: unknown; near: 'tpe'"),
        ({"study": "../x"}, "a folder gets this name too"),
    ],
)
def test_options_that_make_no_sense(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SearchOptions(**options).check()


# -- costs and the integer program ---------------------------------------------------------------


def test_a_variant_has_the_codes_of_its_formats(
    graph: Graph, space: Space, formats: ChoiceFormats, weights: Weights
) -> None:
    assert with_formats(graph, formats.base, weights) == graph
    chosen = some(space, 5)
    table = formats.table(chosen)
    variant = with_formats(graph, table, weights)
    for name, bits in chosen.weights.items():
        formats = table.layers[name]
        assert np.array_equal(
            variant[name].weight.codes, weight_codes(weights[name][0], formats.weight)
        )
        assert isinstance(formats.weight, SignFormat) == (bits == "ternary")
        assert variant[name].output.format.width == chosen.activations[name]


def test_the_parts_add_up_to_the_whole(graph: Graph, pricing: Pricing) -> None:
    total = sum(pricing.parts(graph).values(), Costs())
    whole = pricing.costs(graph)
    for name in COSTS:
        assert getattr(total, name) == pytest.approx(getattr(whole, name), abs=1e-3)


def test_folds_are_those_of_their_reuse_factors(graph: Graph, pricing: Pricing) -> None:
    from fcn_hw.ir.folding import choose_fold

    for name, reuse in pricing.reuse.items():
        assert choose_fold(graph[name], reuse) == pricing.folds[name]


def test_the_sum_of_parts_is_near_the_whole(
    graph: Graph, pricing: Pricing, space: Space, formats: ChoiceFormats, weights: Weights,
    parts: PartCosts,
) -> None:  # fmt: skip
    """What the integer program adds up, against the estimate, 2 and 8 bits side by side."""
    for seed in range(20):
        chosen = some(space, seed)
        whole = pricing.costs(with_formats(graph, formats.table(chosen), weights))
        added = sum_of_parts(parts, space, chosen)
        assert added.weight_bits == whole.weight_bits
        assert added.lut == pytest.approx(whole.lut, rel=0.08)
        assert added.energy == pytest.approx(whole.energy, rel=0.06)


def test_equal_choices_cost_exactly_what_is_added(
    graph: Graph, pricing: Pricing, space: Space, formats: ChoiceFormats, weights: Weights,
    parts: PartCosts,
) -> None:  # fmt: skip
    places = {n: (2 if n.endswith("weight") else 1) for n in space.parameters}
    chosen = space.configuration(places)
    whole = pricing.costs(with_formats(graph, formats.table(chosen), weights))
    assert sum_of_parts(parts, space, chosen).lut == whole.lut


def loss_of(space: Space, formats: ChoiceFormats, chosen: Configuration) -> float:
    total = 0.0
    for layer in space.layers:
        w = sensitivities(formats.weight_loss[layer.name], layer.weights)
        a = sensitivities(formats.activation_loss[layer.name], layer.activations)
        total += w[layer.weights.index(chosen.weights[layer.name])]
        total += a[layer.activations.index(chosen.activations[layer.name])]
    return total


@pytest.mark.parametrize("share", [None, 0.6])
@pytest.mark.parametrize("limit", [None, 4.0])
@pytest.mark.parametrize("cost", ["lut", "energy", "weight_bits"])
def test_no_configuration_within_the_budget_loses_less(
    graph: Graph, pricing: Pricing, weights: Weights, cost: str, limit: float | None,
    share: float | None,
) -> None:  # fmt: skip
    """Against every configuration of a small space, by the program's own sums.

    Args:
        share: of the way from the least to the most LUTs, that the board has.
    """
    small = space_of(design(), weights=(2, 8), activations=(2, 6), max_average_bits=limit)
    formats = formats_of(small, weights)
    parts = part_costs(graph, pricing, small, formats, weights)
    names = sorted(small.parameters)
    every = [
        small.configuration(dict(zip(names, places, strict=True)))
        for places in itertools.product((0, 1), repeat=len(names))
    ]
    limits = {}
    if share is not None:
        luts = sorted(sum_of_parts(parts, small, chosen).lut for chosen in every)
        limits["lut"] = luts[0] + share * (luts[-1] - luts[0])
    budget = Budget(small, parts, limits)
    allowed = [chosen for chosen in every if small.allows(chosen) and budget.allows(chosen)]
    assert len(allowed) < len(every) or not (limit or share)
    priced = [
        (getattr(sum_of_parts(parts, small, c), cost), loss_of(small, formats, c)) for c in allowed
    ]
    found = first_choices(formats, budget, cost, 5)
    assert len(found) >= 3
    assert len({c.digest for c in found}) == len(found)
    for chosen in found:
        assert chosen in allowed
        price = getattr(sum_of_parts(parts, small, chosen), cost)
        best = min(loss for other, loss in priced if other <= price + 1e-6)
        assert loss_of(small, formats, chosen) == pytest.approx(best, abs=1e-5)


def test_a_cost_that_nothing_changes(
    space: Space, formats: ChoiceFormats, parts: PartCosts
) -> None:
    flat = PartCosts(
        {n: dict.fromkeys(v, Costs(dsp=2)) for n, v in parts.layers.items()},
        {n: dict.fromkeys(v, Costs()) for n, v in parts.carried.items()},
        Costs(dsp=1), parts.reads,
    )  # fmt: skip
    with pytest.raises(ConfigError, match="every configuration costs 13 DSP"):
        first_choices(formats, Budget(space, flat, {}), "dsp", 3)


def test_a_budget_is_what_the_design_allows_or_uses(
    graph: Graph, pricing: Pricing, space: Space, parts: PartCosts
) -> None:
    """Some share of the board; more only where the design itself takes more."""
    own, board = pricing.costs(graph), load_board("pynq-z2")
    half, none = Utilization(lut=0.5), Utilization(lut=1e-9)
    designed = space.as_designed()
    assert designed is not None
    roomy, tight = (budget_of(space, parts, board, share, own) for share in (half, none))
    assert roomy.limits["lut"] == 0.5 * board.resources.lut
    assert tight.limits["lut"] == sum_of_parts(parts, space, designed).lut
    widest = space.configuration({name: len(c) - 1 for name, c in space.parameters.items()})
    assert roomy.allows(widest)
    assert tight.allows(designed)
    assert not tight.allows(widest)


def test_a_board_that_nothing_fits_is_refused(
    graph: Graph, pricing: Pricing, weights: Weights
) -> None:
    wide = space_of(design(), weights=(6, 8), activations=(6, 8))
    parts = part_costs(graph, pricing, wide, formats_of(wide, weights), weights)
    board = load_board("pynq-z2")
    small = board.model_copy(update={"resources": board.resources.model_copy(update={"lut": 900})})
    with pytest.raises(ConfigError) as caught:
        budget_of(wide, parts, small, Utilization(lut=1), Costs())
    need = sum_of_parts(parts, wide, wide.configuration(dict.fromkeys(wide.parameters, 0))).lut
    assert caught.value.message == (
        f"no choice fits pynq-z2 at the folds of the design: the narrowest needs {need:,g} LUT of "
        "900"
    )
    assert "hls.utilization.lut" in (caught.value.hint or "")


def test_proposals_are_narrowed_until_they_fit(space: Space, parts: PartCosts) -> None:
    widest = space.configuration({name: len(c) - 1 for name, c in space.parameters.items()})
    most = sum_of_parts(parts, space, widest).lut
    budget = Budget(space, parts, {"lut": 0.8 * most})
    asked = replace(space, fits=budget.allows)
    assert not asked.allows(widest)
    settled = [asked.settled(widest, (), random.Random(seed)) for seed in range(20)]
    assert all(found is not None and budget.allows(found) for found in settled)
    assert any(dict(found.activations) != dict(widest.activations) for found in settled if found)
    assert asked.settled(settled[0], (), random.Random(1)) == settled[0]  # type: ignore[arg-type]


def test_what_the_device_has_not_is_told() -> None:
    board = load_board("pynq-z2")
    have = board.resources
    whole = Costs(lut=have.lut, dsp=have.dsp, bram=have.bram36)
    for name in ("lut", "dsp", "bram"):
        more = replace(whole, **{name: getattr(whole, name) + 0.5})
        assert fits_device(whole, board, Costs())
        assert not fits_device(more, board, Costs())
        assert fits_device(more, board, more)  # the design itself takes as much


def test_losses_never_rise_with_bits_and_never_help() -> None:
    losses = {"2": 0.5, "3": -0.1, "4": 0.2, "8": -0.3}
    assert sensitivities(losses, (2, 3, 4, 8)) == [0.5, 0.2, 0.2, 0.0]


def test_formats_are_read_back(formats: ChoiceFormats, space: Space, tmp_path: Path) -> None:
    path = tmp_path / "formats.json"
    keep(path, "d", result_data(formats))
    again = stored_formats(path, "d")
    assert again is not None
    assert again.table(some(space, 3)) == formats.table(some(space, 3))
    assert stored_formats(path, "other") is None
    path.write_text("{")
    assert stored_formats(path, "d") is None


# -- front and points ----------------------------------------------------------------------------


def point(number: int, metric: float, lut: float, chosen: Configuration) -> Point:
    return Point(number, chosen, metric, Costs(lut=lut), 4.0)


def result_of(points: list[Point], study: str = "squares-lut-pynq-z2") -> SearchResult:
    return SearchResult(
        "squares", "mIoU", "lut", "pynq-z2", study, tuple(points), Costs(lut=300), 0.6, 4.0, {}
    )


def test_the_front(space: Space) -> None:
    values = [(0.5, 100), (0.6, 200), (0.55, 200), (0.6, 250), (0.7, 300), (0.4, 90), (0.6, 200)]
    points = [point(n, m, c, some(space, n)) for n, (m, c) in enumerate(values)]
    found = front_of(points, "lut")
    assert found == {0, 1, 4, 5}
    for number in range(len(points)):  # by the definition
        mine = points[number]
        beaten = any(
            o.metric >= mine.metric and o.costs.lut <= mine.costs.lut
            and (o.metric, -o.costs.lut, -o.number) != (mine.metric, -mine.costs.lut, -number)
            and (o.metric > mine.metric or o.costs.lut < mine.costs.lut or o.number < number)
            for o in points
        )  # fmt: skip
        assert (number in found) == (not beaten)


def test_a_picture_is_the_same_again(space: Space) -> None:
    points = [point(0, 0.5, 100, some(space, 0)), point(1, 0.6, 200, some(space, 1))]
    assert front_svg(result_of(points)) == front_svg(result_of(points))
    assert front_png(result_of(points)) == front_png(result_of(points))
    assert front_png(result_of(points)).startswith(b"\x89PNG")


def test_the_report_reads_what_is_written(space: Space, tmp_path: Path) -> None:
    found = result_of([point(0, 0.5, 100, some(space, 0))])
    write_result(tmp_path / "search.json", found)
    assert read_result(tmp_path / "search.json", SearchResult) == found


@pytest.mark.parametrize("text", [DESIGN, "\ufeff" * 0 + json.dumps(yaml.safe_load(DESIGN))])
def test_the_design_of_a_point(
    text: str, space: Space, pricing: Pricing, graph: Graph, tmp_path: Path
) -> None:
    """Its bits and folds are the point's, everything else is the design's, with its comments."""
    folder = tmp_path / "hls_projects" / "squares"
    folder.mkdir(parents=True)
    trained = CheckpointFile(folder / "model" / "checkpoints" / "float.npz", "digest")
    trained.save(Checkpoint({"epoch": 1}, {}))
    (folder / "design.yaml").write_text(text)
    workspace = open_workspace("squares", tmp_path)
    chosen = some(space, 4)
    path = write_point(
        workspace, space, pricing, result_of([]), point(12, 0.71, 1234, chosen), tmp_path / "p"
    )
    made, old = load_design(path), workspace.design
    assert made.name == "squares_t12"
    for name in chosen.weights:
        assert made.precision.layers[name].weight == chosen.weights[name]
        assert made.precision.layers[name].activation == chosen.activations[name]
    assert made.precision.layers["conv1_1"].bias == 9
    assert (made.dataset, made.network, made.training) == (old.dataset, old.network, old.training)
    assert made.hls.fifo_margin == 0.2
    assert made.hls.target_fps is None
    folding = choose_folding(graph, load_board("pynq-z2"), made.hls)
    assert folding.folds == dict(pricing.folds)
    assert folding.strategies == dict(pricing.strategies)
    assert (path.parent / "model" / "checkpoints" / "float.npz").samefile(trained.path)
    written = path.read_text()
    assert "71.00 %" in written and "1,234 LUT" in written
    assert "About the design itself" not in written
    if text is DESIGN:
        for comment in ("# two stages", "# What it learns from.", "# short"):
            assert comment in written
        assert written.index("# What it learns from.") < written.index("dataset:")
        for comment in ("# Bits.", "# a bias of its own", "# a comment inside", "# Hardware."):
            assert comment not in written  # about what the point replaces
        order = [node.name for node in quantizable(design_topology(old))]
        assert list(made.precision.layers) == order


def test_a_long_name_is_cut(space: Space, pricing: Pricing, tmp_path: Path) -> None:
    folder = tmp_path / "hls_projects" / "squares"
    folder.mkdir(parents=True)
    (folder / "design.yaml").write_text(DESIGN.replace("name: squares", "name: " + "s" * 40))
    path = write_point(
        open_workspace("squares", tmp_path), space, pricing, result_of([]),
        point(7, 0.7, 1, some(space, 1)), tmp_path / "p",
    )  # fmt: skip
    assert load_design(path).name == "s" * 37 + "_t7"
