"""Tensors in safetensors files, read and written a block at a time, so that none has to be whole in memory.

Files are read, not mapped into memory: a mapped file counts as memory of the process.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import torch

from training.job.spec import SpecError

# Numbers of a block on a CPU, whose caches hold what all experts have of it; a GPU takes several at once.
LARGEST = 1 << 18
AT_ONCE = {"cpu": 1, "cuda": 16}
_LENGTH = struct.Struct("<Q")  # of the header, in front of it
_KINDS = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Block:
    """Rows `start` to `stop` of a tensor seen as a matrix `width` wide."""

    start: int
    stop: int
    width: int

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return these rows of a contiguous tensor, shape (rows, width), without a copy."""
        return tensor.view(-1, self.width)[self.start : self.stop]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a safetensors file; `offset` counts bytes from the start of the file."""

    file: Path
    key: str
    dtype: torch.dtype
    shape: torch.Size
    offset: int

    def read(self, block: Block) -> torch.Tensor:
        """Return the rows of a block, shape (rows, width), as they are stored. Raises OSError."""
        rows = torch.empty((block.stop - block.start, block.width), dtype=self.dtype)
        with self.file.open("rb", buffering=0) as stream:
            stream.seek(self.offset + block.start * block.width * rows.element_size())
            _fill(stream, rows.view(torch.uint8).numpy().data.cast("B"))
        return rows

    def whole(self) -> torch.Tensor:
        """Return all of it, in its shape. Raises OSError."""
        width = _width(self.shape)
        return self.read(Block(0, self.shape.numel() // width, width)).view(self.shape)


def blocks_of(shape: torch.Size, device: str = "cpu") -> Iterator[Block]:
    """Cut a tensor into blocks of whole rows: always the same ones, so that sums come out the same."""
    width = _width(shape)
    rows = shape.numel() // width
    most = rows_of_block(width) * AT_ONCE[device]
    return (Block(start, min(start + most, rows), width) for start in range(0, rows, most))


def rows_of_block(width: int) -> int:
    """Return how many rows of this width a block on a CPU has; a GPU takes several such blocks at once."""
    return max(1, LARGEST // width)


def stored_tensors(file: Path) -> list[StoredTensor]:
    """Return the tensors of one safetensors file in the order of the file. Raises SpecError, OSError."""
    with file.open("rb") as stream:
        (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
        entries = json.loads(stream.read(length))
    entries.pop("__metadata__", None)
    if odd := [key for key, entry in entries.items() if entry["dtype"] not in _KINDS]:
        raise SpecError(f"tensor {odd[0]} is stored as {entries[odd[0]]['dtype']}, which is not read here")
    found = [
        StoredTensor(
            file,
            key,
            _KINDS[entry["dtype"]],
            torch.Size(entry["shape"]),
            _LENGTH.size + length + entry["data_offsets"][0],
        )
        for key, entry in entries.items()
    ]
    return sorted(found, key=lambda tensor: tensor.offset)


@contextmanager
def tensor_file(
    path: Path, entries: Sequence[tuple[str, torch.dtype, torch.Size]], facts: Mapping[str, str] | None = None
) -> Iterator[Callable[[torch.Tensor], None]]:
    """Open a new safetensors file of these keys, types and shapes; yield what appends the next block.

    `facts` are added to its metadata.
    The blocks of all tensors have to come in the order of `entries`, each in its type. Raises OSError.
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt", **(facts or {})}}
    end = 0
    for key, dtype, shape in entries:
        begin, end = end, end + shape.numel() * dtype.itemsize
        header[key] = {"dtype": _NAMES[dtype], "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH.size)
    with path.open("wb") as stream:
        stream.write(_LENGTH.pack(len(text)) + text)

        def append(block: torch.Tensor) -> None:
            stream.write(block.contiguous().cpu().view(-1).view(torch.uint8).numpy().data)

        yield append


def _width(shape: torch.Size) -> int:
    """How many numbers a row has; a list of numbers is cut anywhere."""
    return math.prod(shape[-1:]) or 1 if len(shape) > 1 else 1


def _fill(stream: FileIO, place: memoryview) -> None:
    while place:
        count = stream.readinto(place)
        if not count:
            raise OSError("a file of weights became shorter")
        place = place[count:]
