"""Arrays of codes as bytes."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_hw.ir.weights_file import NotWeights, pack, unpack

ARRAYS = {
    "b.weight": np.arange(-12, 12, dtype=np.int64).reshape(2, 3, 4, 1),
    "a.bias": np.array([300, -300], np.int64),
}
PACKED = pack(ARRAYS)


def archive(**entries: bytes) -> bytes:
    return archive_of(list(entries.items()))


def archive_of(entries: list[tuple[str, bytes]], how: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as file:
        for name, data in entries:
            file.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_there_and_back() -> None:
    found = unpack(PACKED)
    assert list(found) == ["a.bias", "b.weight"]
    for name, codes in ARRAYS.items():
        assert found[name].dtype == np.int64
        assert np.array_equal(found[name], codes)


def test_numpy_reads_it_and_types_are_narrow() -> None:
    with np.load(io.BytesIO(PACKED), allow_pickle=False) as file:
        assert {name: str(file[name].dtype) for name in file.files} == {
            "b.weight": "int8", "a.bias": "int16",
        }  # fmt: skip
        assert np.array_equal(file["b.weight"], ARRAYS["b.weight"])


@pytest.mark.parametrize(
    ("low", "high", "size"),
    [
        (-128, 127, 1), (-129, 0, 2), (0, 128, 2), (-(2**15), 2**15 - 1, 2), (0, 2**15, 4),
        (-(2**31), 2**31 - 1, 4), (-(2**31) - 1, 0, 8), (-(2**62), 2**62, 8),
    ],
)  # fmt: skip
def test_narrowest_type(low: int, high: int, size: int) -> None:
    raw = pack({"a": np.array([low, high])})
    with np.load(io.BytesIO(raw)) as file:
        assert file["a"].dtype.itemsize == size
    assert unpack(raw)["a"].tolist() == [low, high]


def test_numpy_s_own_files_are_read() -> None:
    """Of integers in C order: the header is NumPy's, not one of our own."""
    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(6, dtype=np.int16).reshape(1, 2, 3), b=np.array([5], np.int64))
    found = unpack(buffer.getvalue())
    assert found["a"].tolist() == [[[0, 1, 2], [3, 4, 5]]]
    assert found["b"].tolist() == [5]


def test_the_bytes_are_the_same_everywhere() -> None:
    assert pack(dict(reversed(ARRAYS.items()))) == PACKED
    with zipfile.ZipFile(io.BytesIO(PACKED)) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.create_system for entry in file.infolist()} == {3}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not a zip archive"),
        (b"PK\x03\x04 and no more", "not a zip archive"),
        (PACKED[:-40], "not a zip archive"),
        (
            PACKED.replace(bytes(ARRAYS["b.weight"].astype(np.int8)), bytes(24)),
            "not a zip archive: Bad CRC",
        ),
        (archive(a=b"text"), "'a.npy' is no NumPy array of format 1.0"),
        (archive(a=npy(np.array([1.5]))), "'a.npy' is no array of signed integers in C order"),
        (archive(a=npy(np.array([1], np.uint8))), "'a.npy' is no array of signed integers"),
        (archive(a=npy(np.array([1], ">i2"))), "'a.npy' is no array of signed integers"),
        (archive(a=npy(np.array([print], object))), "'a.npy' is no array of signed integers"),
        (
            archive(a=npy(np.asfortranarray(np.ones((2, 2), np.int8)))),
            "'a.npy' is no array of signed integers in C order",
        ),
        (archive(a=npy(np.ones((1,) * 5, np.int8))), "'a.npy' has shape (1, 1, 1, 1, 1)"),
        (archive(a=npy(np.ones((3, 0), np.int8))), "'a.npy' has shape (3, 0)"),
        (
            archive(a=npy(np.ones(9, np.int8))[:-1]),
            "'a.npy' does not hold as many codes as its shape (9,) says",
        ),
        (
            archive(a=npy(np.ones(9, np.int8)).replace(b"(9,), }        ", b"(999999999,), }")),
            "'a.npy' does not hold as many codes as its shape",
        ),
        (
            archive_of([("a", npy(np.ones(9, np.int8)))], zipfile.ZIP_DEFLATED),
            "'a.npy' is compressed",
        ),
    ],
)
def test_what_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(NotWeights) as caught:
        unpack(raw)
    assert str(caught.value).startswith(message)


def test_other_entries_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("../evil.sh", "rm")
    with pytest.raises(NotWeights, match=r"'../evil.sh' is no array, or occurs twice"):
        unpack(buffer.getvalue())
    with pytest.warns(UserWarning, match="Duplicate name"):
        double = archive_of([("a", npy(np.ones(1, np.int8)))] * 2)
    with pytest.raises(NotWeights, match=r"'a.npy' is no array, or occurs twice"):
        unpack(double)


def test_entries_that_overlap_are_refused() -> None:
    """Two entries of the directory that name the same bytes: a bomb without compression."""
    body = npy(np.ones(100_000, np.int8))
    raw = archive(a=body, b=npy(np.ones(1, np.int8)))
    directory = raw.index(b"PK\x01\x02")
    second = raw.index(b"PK\x01\x02", directory + 4)
    first = raw[directory:second]
    forged = raw[:directory] + first + first.replace(b"a.npy", b"b.npy") + raw[-22:]
    with pytest.raises(NotWeights, match="its entries overlap"):
        unpack(forged)


@settings(max_examples=300)
@given(st.data())
def test_damage_never_gets_through(data: st.DataObject) -> None:
    """Whatever is done to the bytes: refused by one error, or the same arrays."""
    raw = bytearray(PACKED)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw))) :]
    try:
        found = unpack(bytes(raw))
    except NotWeights:
        return
    for name, codes in found.items():
        known = ARRAYS.get(name)
        assert known is None or np.array_equal(codes, known)
