"""PNG files of every kind, chunk by chunk: Pillow writes only some colour types and depths, and no interlacing. W3C PNG, third edition."""
import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, depth: int, colour_type: int, interlaced: bool = False) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced)))


def encode(samples: np.ndarray, depth: int, colour_type: int, *, interlaced: bool = False, before: bytes = b"", part: int = 0) -> bytes:
    """`samples` is (height, width, channels). `before` are chunks before the pixels; `part` splits the data into chunks of so many bytes.

    The rows use the five filters in turn, whatever would be smallest.
    """
    height, width, channels = samples.shape
    assert channels == CHANNELS[colour_type]
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    data = b"".join(filtered(samples[y::dy, x::dx], depth) for x, y, dx, dy in passes)
    compressed = zlib.compress(data, 9)
    parts = [compressed[i : i + part] for i in range(0, len(compressed), part)] if part else [compressed]
    idat = b"".join(chunk(b"IDAT", p) for p in parts)
    return SIGNATURE + header(width, height, depth, colour_type, interlaced) + before + idat + chunk(b"IEND", b"")


def filtered(samples: np.ndarray, depth: int) -> bytes:
    height, width, channels = samples.shape
    if height == 0 or width == 0:
        return b""
    flat = samples.reshape(height, width * channels)
    if depth == 16:
        rows = flat.astype(">u2").view(np.uint8)
    elif depth == 8:
        rows = flat.astype(np.uint8)
    else:
        bits = (flat[:, :, None].astype(int) >> np.arange(depth - 1, -1, -1)) & 1
        rows = np.packbits(bits.reshape(height, -1), axis=1)
    distance = max(1, channels * depth // 8)
    out, above = b"", np.zeros(rows.shape[1], int)
    for y, row in enumerate(rows.astype(int)):
        left = np.concatenate([np.zeros(distance, int), row])[: row.size]
        corner = np.concatenate([np.zeros(distance, int), above])[: row.size]
        to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
        paeth = np.where((to_left <= to_above) & (to_left <= to_corner), left, np.where(to_above <= to_corner, above, corner))
        guess = [0, left, above, (left + above) // 2, paeth][y % 5]
        out += bytes([y % 5]) + ((row - guess) % 256).astype(np.uint8).tobytes()
        above = row
    return out
