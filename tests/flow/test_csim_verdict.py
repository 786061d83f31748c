"""What a C simulation of a design has to equal."""

from __future__ import annotations

from fcn_hw.flow.csim_report import CsimResult, LayerResult


def result(models: str, mismatches: int, flips: int) -> CsimResult:
    layers = (
        LayerResult("conv", "conv", "fixed<8,4>", models, 10, mismatches, None),
        LayerResult("class_map", "", "ufixed<8,8>", "O=C", 10, 0, None),
    )
    return CsimResult(1, 20, mismatches, flips, 0.5, 0.5, 0.5, 1.0, 1.0, layers)


def test_class_maps_count_where_qkeras_does_not_round() -> None:
    assert result("Q=O=C", 0, 0).exact
    assert not result("Q=O=C", 0, 1).exact
    assert not result("Q=O=C", 1, 0).exact
    measured = result("O=C", 0, 1)
    assert measured.measured and measured.exact
    assert not result("O=C", 1, 0).exact
