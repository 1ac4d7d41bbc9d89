"""GIF files with a frame of any place, palette and interlacing, which Pillow does not write. GIF89a; every code as it is, uncompressed."""
import struct
from collections.abc import Sequence

import numpy as np


def encode(
    indices: np.ndarray,
    palette: bytes | None,
    *,
    bits: int,
    canvas: tuple[int, int] | None = None,
    at: tuple[int, int] = (0, 0),
    local: bytes | None = None,
    transparent: int | None = None,
    interlaced: bool = False,
) -> bytes:
    """`indices` is (height, width); palettes have three bytes a colour and 2^n colours; `canvas` is (width, height)."""
    height, width = indices.shape
    canvas = canvas or (width, height)
    out = b"GIF89a" + struct.pack("<HHBBB", *canvas, palette_flags(palette), 0, 0) + (palette or b"")
    if transparent is not None:
        out += b"\x21\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\0"
    out += b"," + struct.pack("<HHHHB", *at, width, height, palette_flags(local) | (0x40 if interlaced else 0)) + (local or b"")
    rows = [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4), *range(1, height, 2)] if interlaced else range(height)
    data = codes(indices[list(rows)].reshape(-1).tolist(), bits)
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    return out + bytes([bits]) + blocks + b"\0;"


def palette_flags(palette: bytes | None) -> int:
    return 0x80 | (len(palette) // 3 - 1).bit_length() - 1 if palette else 0


def codes(pixels: Sequence[int], bits: int) -> bytes:
    """Clear codes come often enough that the codes never grow longer."""
    clear, size = 1 << bits, bits + 1
    stream = []
    for i, pixel in enumerate(pixels):
        if i % (clear - 2) == 0:
            stream.append(clear)
        stream.append(pixel)
    stream.append(clear + 1)
    value = sum(code << (i * size) for i, code in enumerate(stream))
    return value.to_bytes((len(stream) * size + 7) // 8, "little")
