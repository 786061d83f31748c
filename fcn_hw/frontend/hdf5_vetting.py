"""What an HDF5 file may hold: data of its own, each object found once, no more than fits memory.

HDF5 opens other files by itself, for external links, external storage and virtual datasets; and it
gives gigabytes of fill values for a dataset of a few bytes. So every object is looked at before
Keras reads one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcn_hw.errors import ConfigError

MAX_OBJECTS = 100_000
"""Groups and datasets of a file: a network of 1,000 layers has some 10,000."""

MAX_WEIGHT_BYTES = 1 << 30
"""Bytes that Keras reads: the largest published networks for segmentation have half of that."""


def vet_hdf5(file: Any, where: str, hint: str) -> None:
    """Checks an open ``h5py.File``.

    Args:
        where: what the messages call it.

    Raises:
        ConfigError: data that lie in other files, too many objects, or too many bytes.
    """
    import h5py

    seen: set[int] = set()
    stack = [("", file)]
    named = datasets = 0
    while stack:
        path, group = stack.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            continue  # hard links can lead back, and to one group many times
        seen.add(address)
        for name, item in _members(group, path, where, hint):
            if len(seen) + len(stack) + datasets > MAX_OBJECTS:
                raise ConfigError(f"{where}: holds more than {MAX_OBJECTS:,} objects", hint=hint)
            if isinstance(item, h5py.Group):
                stack.append((f"{path}/{name}", item))
            elif isinstance(item, h5py.Dataset):
                datasets += 1
                named += item.nbytes
                _vet_dataset(item, f"{path}/{name}", where, hint)
    listed = sum(_listed_bytes(group) for group in file.values() if isinstance(group, h5py.Group))
    if max(named, listed) > MAX_WEIGHT_BYTES:
        raise ConfigError(
            f"{where}: its weights unpack to more than {MAX_WEIGHT_BYTES >> 30} GiB",
            hint="save it with include_optimizer=False",
        )


def _members(group: Any, path: str, where: str, hint: str) -> Iterator[tuple[str, Any]]:
    """What hard links lead to; a soft link leads to one of them, or to nothing."""
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise ConfigError(f"{where}: '{path}/{name}' is a link to another file", hint=hint)
        if isinstance(link, h5py.HardLink):
            yield name, group[name]


def _vet_dataset(item: Any, path: str, where: str, hint: str) -> None:
    if item.external or item.is_virtual:
        raise ConfigError(f"{where}: '{path}' lies in another file", hint=hint)


def _listed_bytes(group: Any) -> int:
    """Bytes that Keras reads by the lists of names in a group, which can name one dataset often."""
    import h5py

    def names(owner: Any, kind: str) -> Iterator[Any]:
        for key in owner.attrs:  # long lists are cut: weight_names0, weight_names1, ...
            if key.startswith(kind):
                yield from owner.attrs[key]

    total = 0
    sizes: dict[Any, int] = {}
    for layer in names(group, "layer_names"):
        if layer not in sizes:
            owner = group.get(layer)
            found = [] if not isinstance(owner, h5py.Group) else [
                owner.get(name) for name in names(owner, "weight_names")
            ]  # fmt: skip
            sizes[layer] = sum(item.nbytes for item in found if isinstance(item, h5py.Dataset))
        total += sizes[layer]
    return total
