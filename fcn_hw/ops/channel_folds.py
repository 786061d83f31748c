"""What ops without weights share that compute some channels of a pixel at a time."""

from __future__ import annotations

from fcn_hw.costs.resources import Resources
from fcn_hw.firing import Loop
from fcn_hw.ops.base import Fold, Folded, Operands, Tensor


class ChannelFolded(Folded):
    """Base of ops that compute ``pe`` channels of a pixel, a channel group, in each cycle; the last
    group may have fewer.

    Without a fold an op of this kind computes all channels of a pixel at once.
    """

    follows_reuse_factor = False

    def legal_folds(self) -> tuple[Fold, ...]:
        """For each number of groups, the fewest channels in parallel."""
        channels = self.output.channels
        sizes = {-(-channels // groups) for groups in range(1, channels + 1)}
        return tuple(Fold(pe, 1) for pe in sorted(sizes))

    def given(self, fold: Fold | None) -> Fold:
        return fold or Fold(self.output.channels, 1)

    def fold_steps(self, fold: Fold) -> int:
        return -(-self.output.channels // fold.pe)

    def work(self, operands: Operands, fold: Fold) -> int:
        """A channel of each of the cycles that all channels at once take."""
        return self.cycles(operands) * self.output.channels

    def by_groups(self, loop: Loop, fold: Fold | None) -> Loop:
        """The loop of a header with a cycle for each channel group: it reads with the first group
        and writes with the last.

        Args:
            loop: if all channels are computed at once.
        """
        groups = self.fold_steps(self.given(fold))
        return Loop(
            groups * loop.reads, groups * loop.writes + groups - 1, groups * loop.iterations
        )

    def held_groups(self, source: Tensor, fold: Fold) -> Resources:
        """What channel groups need beside the units: registers of the pixel that was read, which
        take a group less in each cycle, and of the result, whose groups come one after another."""
        groups = self.fold_steps(fold)
        if groups == 1:
            return Resources()
        return Resources(
            lut=source.pixel_bits + groups,
            ff=groups.bit_length() + source.pixel_bits + self.output.pixel_bits,
        )
