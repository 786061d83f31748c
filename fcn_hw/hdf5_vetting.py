"""What an HDF5 file may hold: data of its own, each object found once, no more than fits memory.

HDF5 opens other files by itself, for external links, external storage and virtual datasets; and it
gives gigabytes of fill values for a dataset of a few bytes. So every object is looked at before
Keras reads one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcn_hw.errors import ConfigError

MAX_LINKS = 100_000
"""Names of groups and datasets in a file: a network of 1,000 layers has some 10,000."""

MAX_WEIGHT_BYTES = 1 << 30
"""Bytes that Keras reads: the largest published networks for segmentation have half of that."""


def opened_hdf5(source: Any, where: str) -> Any:
    """An ``h5py.File`` of a path or of a file object, to read.

    Raises:
        ConfigError: it is cut short, or otherwise no whole HDF5 file.
    """
    import h5py

    try:
        return h5py.File(source, "r")
    except OSError as error:
        raise ConfigError(
            f"{where}: the HDF5 file is damaged or cut short", hint="copy it again"
        ) from error


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
    links = held = 0
    while stack:
        path, group = stack.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            continue  # hard links can lead back, and to one group many times
        seen.add(address)
        for name in group:
            links += 1
            if links > MAX_LINKS:
                raise ConfigError(f"{where}: holds more than {MAX_LINKS:,} objects", hint=hint)
            member, link = f"{path}/{name}", group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise ConfigError(f"{where}: '{member}' is a link to another file", hint=hint)
            if not isinstance(link, h5py.HardLink):
                continue  # a soft link leads to what a hard link leads to, or to nothing
            item = group[name]
            if isinstance(item, h5py.Group):
                stack.append((member, item))
            elif isinstance(item, h5py.Dataset):
                held += item.nbytes
                _vet_dataset(item, member, where, hint)
    if max(held, _listed_bytes(file)) > MAX_WEIGHT_BYTES:
        raise ConfigError(
            f"{where}: its weights unpack to more than {MAX_WEIGHT_BYTES >> 30} GiB",
            hint="save it with include_optimizer=False",
        )


def _vet_dataset(item: Any, path: str, where: str, hint: str) -> None:
    if item.external or item.is_virtual:
        raise ConfigError(f"{where}: '{path}' lies in another file", hint=hint)


def _listed_bytes(file: Any) -> int:
    """Bytes that Keras reads by lists of names, which can name one dataset many times."""
    import h5py

    def names(owner: Any, kind: str) -> Iterator[Any]:
        for key in owner.attrs:  # long lists are cut: weight_names0, weight_names1, ...
            if key.startswith(kind):
                yield from owner.attrs[key]

    group = file.get("model_weights")
    if not isinstance(group, h5py.Group):
        return 0
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
