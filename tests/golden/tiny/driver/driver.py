"""Driver of tiny_axi on pynq-z2, for PYNQ. Emitted by fcn_hw; changes here are overwritten.

    overlay = FcnOverlay("tiny.bit")          # tiny.hwh lies beside it
    class_maps = overlay.predict(images)            # dtype and shape: INPUTS below
    overlay.self_test("golden")                     # the vectors of the bundle, code for code
    overlay.throughput_test(frames=200)

or from a shell, as root:  python3 driver.py tiny.bit --golden golden --frames 200

Needs pynq and numpy. Every wait has an end: after `timeout_s` without progress a Stalled error says
which DMA channel waits, and how many beats were expected and seen.
"""

import argparse
import sys
import time
from collections import namedtuple
from pathlib import Path

import numpy as np

DESIGN = "tiny"
TOP = "tiny_axi"
DESIGN_ID = 0xec15ae28
HAS_REGISTERS = True
REGISTERS = {"ctrl": 0x00, "frames": 0x20, "design_id": 0x30, "errors_image": 0x40}
START = 0x81  # start, and start again after every frame

# dma: cell of the block design; shape: (height, width, channels); low, high: codes of the format.
# Above each port: what a code stands for, be it a number or a class.
Port = namedtuple("Port", "name tensor dma shape dtype format low high beats beat_bytes")
INPUTS = (
    # code * 1/256
    Port("in_image", "image", "axi_dma_0", (6, 8, 1), "<u1", "ufixed<8,0>", 0, 255, 6, 8),
)
OUTPUTS = (
    # class of the largest score
    Port("out_class_map", "class_map", "axi_dma_0", (6, 8, 1), "<u1", "ufixed<8,8>", 0, 255, 6, 8),
)
UNTOUCHED = 0xFF  # what an output's memory holds before a frame comes


class DriverError(RuntimeError):
    """Base of what this driver raises; one line says what is wrong and what to do."""


class WrongBitfile(DriverError):
    """The file is missing, or is not the bitstream of this design."""


class WrongImages(DriverError):
    """Shape, dtype or range of what is to be computed is wrong."""


class Stalled(DriverError):
    """A DMA channel did not end its transfer in time.

    `channels` holds (channel, beats expected, beats seen or None) of each one that waits.
    """

    def __init__(self, channels, text):
        super().__init__(text)
        self.channels = channels


class WrongPixel(DriverError):
    """The hardware's codes differ from the golden ones.

    `tensor`, `index` (frame, row, column, channel), `expected`, `actual` of the first difference,
    and the `count` of all in that frame.
    """

    def __init__(self, tensor, index, expected, actual, count):
        super().__init__(
            "'%s' differs at (frame, row, column, channel) %s: expected code %d, got %d (%d codes "
            "of this frame differ)" % (tensor, index, expected, actual, count)
        )
        self.tensor, self.index = tensor, index
        self.expected, self.actual, self.count = expected, actual, count


class FcnOverlay:
    """The design on the board's programmable logic.

    Args:
        bit: path of the bitstream.
        timeout_s: longest time without progress.
    """

    def __init__(self, bit="tiny.bit", timeout_s=10.0):
        if not timeout_s > 0:
            raise DriverError("timeout_s is %r, must be above 0" % (timeout_s,))
        self.timeout_s = timeout_s
        self._stalled = ""
        path = _checked_bitfile(bit)
        from pynq import Overlay, allocate

        self._overlay = Overlay(str(path))
        have = self._overlay.ip_dict
        for cell in sorted({TOP, *(port.dma for port in INPUTS + OUTPUTS)}):
            if cell not in have:
                raise WrongBitfile(
                    "%s has no IP '%s', so it is not the bitstream of %s; it has: %s"
                    % (path, cell, DESIGN, ", ".join(sorted(have)) or "none")
                )
        self._ip = getattr(self._overlay, TOP)
        self._send = {p: getattr(self._overlay, p.dma).sendchannel for p in INPUTS}
        self._receive = {p: getattr(self._overlay, p.dma).recvchannel for p in OUTPUTS}
        self._memory = {p: allocate(shape=p.shape, dtype=p.dtype) for p in INPUTS + OUTPUTS}
        if HAS_REGISTERS:
            self._ip.write(REGISTERS["ctrl"], START)

    def predict(self, images):
        """Class maps of images, or the codes of the first output.

        Args:
            images: (N, height, width, channels) or one image (height, width, channels), of the
                input's dtype; a dict of such arrays by tensor where there are several inputs.

        Returns:
            (N, height, width), with the channels behind where they are several; without N for one.
        """
        inputs = images if isinstance(images, dict) else {INPUTS[0].tensor: images}
        frames, single = _checked_images(inputs)
        found = self.run(frames)[OUTPUTS[0].tensor]
        if OUTPUTS[0].shape[2] == 1:
            found = found[..., 0]
        return found[0] if single else found

    def run(self, frames):
        """Codes of every output by tensor, of codes (N, height, width, channels) of every input."""
        frames, _ = _checked_images(frames)
        count = len(frames[INPUTS[0].tensor])
        results = {p.tensor: np.empty((count,) + p.shape, p.dtype) for p in OUTPUTS}
        for n in range(count):
            for port in INPUTS:
                self._memory[port][:] = frames[port.tensor][n]
            self._frame()
            for port in OUTPUTS:
                results[port.tensor][n] = self._memory[port]
        return results

    def counters(self):
        """The registers as they are: frames, and errors of each input; empty without registers."""
        return {name: self._ip.read(at) for name, at in REGISTERS.items() if name != "ctrl"}

    def self_test(self, golden="golden"):
        """Runs the golden vectors and compares every code of every output.

        Args:
            golden: folder of inputs/<tensor>.bin and layers/<tensor>.bin.

        Returns:
            a dict: frames, values compared, differences (0).

        Raises:
            WrongPixel: codes differ. Stalled: a channel waits. DriverError: a counter is wrong.
        """
        inputs = {p.tensor: _golden(Path(golden) / "inputs", p) for p in INPUTS}
        expected = {p.tensor: _golden(Path(golden) / "layers", p) for p in OUTPUTS}
        counts = {len(codes) for codes in list(inputs.values()) + list(expected.values())}
        if len(counts) != 1 or 0 in counts:
            raise DriverError("the golden files in %s hold different numbers of frames" % golden)
        (count,) = counts
        before = self.counters()
        for n in range(count):
            found = self.run({name: codes[n : n + 1] for name, codes in inputs.items()})
            for tensor, codes in expected.items():
                _compare(tensor, n, codes[n], found[tensor][0])
        self._check_counters(before, count)
        values = sum(codes.size for codes in expected.values())
        return {"frames": count, "values": values, "differences": 0}

    def throughput_test(self, frames=100):
        """Sends one image over and over, the next one while the last is computed.

        Returns:
            a dict: frames, seconds, frames_per_s. DMA and this loop count, making images does not.
        """
        if frames < 1:
            raise DriverError("throughput_test of %r frames: must be 1 or more" % (frames,))
        self._refuse_after_stall()
        before = self.counters()
        for port in INPUTS:
            self._memory[port][:] = 0
        channels = [(p, self._receive[p]) for p in OUTPUTS] + [(p, self._send[p]) for p in INPUTS]
        left = {port: frames for port, _ in channels}
        for port, channel in channels:
            channel.transfer(self._memory[port])
        start = last_progress = time.monotonic()
        while any(left.values()):
            for port, channel in channels:
                if left[port] and self._done(port, channel):
                    last_progress = time.monotonic()
                    left[port] -= 1
                    if left[port]:
                        channel.transfer(self._memory[port])
            if time.monotonic() - last_progress > self.timeout_s:
                self._stall([item for item in channels if left[item[0]]], seen=False)
        seconds = max(time.monotonic() - start, 1e-9)
        self._check_counters(before, frames)
        return {"frames": frames, "seconds": seconds, "frames_per_s": frames / seconds}

    # -- inside ------------------------------------------------------------------------------------

    def _frame(self):
        """One frame from the inputs' memory to the outputs'."""
        self._refuse_after_stall()
        waiting = [(p, self._receive[p]) for p in OUTPUTS] + [(p, self._send[p]) for p in INPUTS]
        for port in OUTPUTS:
            self._memory[port].view(np.uint8)[:] = UNTOUCHED
            self._memory[port].flush()
        for port, channel in waiting:  # receivers first, so no beat waits for memory
            channel.transfer(self._memory[port])
        end = time.monotonic() + self.timeout_s
        while waiting:
            waiting = [item for item in waiting if not self._done(*item)]
            if waiting and time.monotonic() > end:
                self._stall(waiting, seen=True)

    def _done(self, port, channel):
        """Whether a transfer has ended; its memory is then up to date."""
        if not channel.running:
            self._stalled = "the DMA channel of %s has stopped with an error" % port.name
            raise DriverError(self._stalled + ": a packet of the wrong length, or wrong memory")
        if not channel.idle:
            return False
        channel.wait()  # returns at once
        return True

    def _stall(self, waiting, seen):
        channels, lines = [], []
        for port, _ in waiting:
            name = "%s.%s" % (port.dma, "sendchannel" if port in INPUTS else "recvchannel")
            beats, told = None, "not all were taken"
            if port in OUTPUTS and seen:
                self._memory[port].invalidate()
                touched = np.flatnonzero(self._memory[port].view(np.uint8).ravel() != UNTOUCHED)
                size = int(touched[-1]) + 1 if touched.size else 0
                beats = -(-size // port.beat_bytes)
                told = "%d seen in memory" % beats
            elif port in OUTPUTS:
                told = "not all came"
            channels.append((name, port.beats, beats))
            lines.append("%s (%s): expected %d beats, %s" % (name, port.name, port.beats, told))
        counters = ", ".join("%s %d" % item for item in self.counters().items())
        text = "no progress for %g s: %s%s" % (
            self.timeout_s, "; ".join(lines), "; registers: " + counters if counters else ""
        )
        self._stalled = text
        raise Stalled(channels, text)

    def _refuse_after_stall(self):
        if self._stalled:
            raise DriverError("a transfer failed before; load the overlay again (%s)" % self._stalled)

    def _check_counters(self, before, frames):
        """What the registers counted, against what was sent."""
        after = self.counters()
        if not after:
            return
        if after["design_id"] != DESIGN_ID:
            raise WrongBitfile(
                "the bitstream is of another version of %s: design_id is 0x%08x, must be 0x%08x"
                % (DESIGN, after["design_id"], DESIGN_ID)
            )
        counted = (after["frames"] - before["frames"]) % (1 << 32)
        if counted != frames:
            raise DriverError("%d frames were sent, the hardware counted %d" % (frames, counted))
        for name in after:
            if name.startswith("errors_") and after[name] != before[name]:
                raise DriverError(
                    "%s went from 0x%08x to 0x%08x: frames with a wrong TLAST"
                    % (name, before[name], after[name])
                )


def _checked_bitfile(bit):
    path = Path(bit)
    if path.suffix != ".bit":
        raise WrongBitfile("'%s' is no bitstream: its name must end in .bit" % bit)
    for wanted in (path, path.with_suffix(".hwh")):
        if not wanted.is_file():
            beside = sorted(item.name for item in path.parent.glob("*.bit"))
            raise WrongBitfile(
                "there is no file '%s'; bitstreams in that folder: %s"
                % (wanted, ", ".join(beside) or "none")
            )
    return path


def _checked_images(frames):
    """Codes (N, height, width, channels) by tensor, and whether they were one image."""
    names = sorted(port.tensor for port in INPUTS)
    if sorted(frames) != names:
        raise WrongImages("inputs are %s, given: %s" % (names, sorted(frames)))
    checked, counts, single = {}, set(), False
    for port in INPUTS:
        codes = np.asarray(frames[port.tensor])
        single = codes.ndim == 3
        if single:
            codes = codes[np.newaxis]
        if codes.ndim != 4 or codes.shape[1:] != port.shape:
            raise WrongImages(
                "'%s' has shape %s, must be (N, %d, %d, %d)"
                % ((port.tensor, np.shape(frames[port.tensor])) + port.shape)
            )
        if codes.dtype != np.dtype(port.dtype):
            raise WrongImages(
                "'%s' has dtype %s, must be %s: codes of %s, not real values"
                % (port.tensor, codes.dtype, np.dtype(port.dtype), port.format)
            )
        if codes.size and not port.low <= codes.min() <= codes.max() <= port.high:
            raise WrongImages(
                "'%s' holds codes from %d to %d, %s has %d to %d"
                % (port.tensor, codes.min(), codes.max(), port.format, port.low, port.high)
            )
        checked[port.tensor] = codes
        counts.add(len(codes))
    if len(counts) != 1:
        raise WrongImages("the inputs hold different numbers of frames: %s" % sorted(counts))
    return checked, single


def _golden(folder, port):
    path = folder / (port.tensor + ".bin")
    if not path.is_file():
        raise DriverError("there is no golden file '%s'" % path)
    codes = np.fromfile(str(path), port.dtype)
    size = port.shape[0] * port.shape[1] * port.shape[2]
    if codes.size % size:
        raise DriverError("'%s' holds %d codes, no multiple of a frame's %d" % (path, codes.size, size))
    return codes.reshape((-1,) + port.shape)


def _compare(tensor, frame, expected, actual):
    different = expected != actual
    count = int(np.count_nonzero(different))
    if count:
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(different)), different.shape))
        raise WrongPixel(tensor, (frame,) + at, int(expected[at]), int(actual[at]), count)


def main(arguments=None):
    """The command line; exit status 0 passed, 1 failed."""
    parser = argparse.ArgumentParser(description="Tests %s on the board." % DESIGN)
    parser.add_argument("bit")
    parser.add_argument("--golden", default="golden", help="folder of the golden vectors")
    parser.add_argument("--frames", type=int, default=100, help="of the throughput test")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds without progress")
    given = parser.parse_args(arguments)
    try:
        overlay = FcnOverlay(given.bit, given.timeout)
        tested = overlay.self_test(given.golden)
        print("self test: %(frames)d frames, %(values)d values, %(differences)d differences" % tested)
        speed = overlay.throughput_test(given.frames)
        print("throughput: %(frames)d frames in %(seconds).3f s, %(frames_per_s).1f frames/s" % speed)
    except DriverError as error:
        print("error: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
