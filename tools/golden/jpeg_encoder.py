"""A small baseline JPEG encoder for the files that Pillow cannot write: any number of components, any sampling factors, any markers.

ITU-T T.81 from its formulas, for pictures of test size. Its Huffman codes all have one length, which needs no tables of frequencies.
"""
from collections.abc import Sequence

import numpy as np

ZIGZAG = sorted(((r, c) for r in range(8) for c in range(8)), key=lambda p: (p[0] + p[1], p[0] if (p[0] + p[1]) % 2 else p[1]))
DCT = np.array([[np.cos((2 * x + 1) * u * np.pi / 16) * (np.sqrt(1 / 8) if u == 0 else 0.5) for x in range(8)] for u in range(8)])
QUANT = np.array([[3 + 2 * (r + c) for c in range(8)] for r in range(8)])
DC_SYMBOLS = list(range(12))
AC_SYMBOLS = [0x00, 0xF0] + [run << 4 | size for run in range(16) for size in range(1, 11)]


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, transform]))


def jfif() -> bytes:
    return segment(0xE0, b"JFIF\0" + bytes([1, 1, 0, 0, 1, 0, 1, 0, 0]))


def subsample(plane: np.ndarray, h: int, v: int) -> np.ndarray:
    """A plane of every h × v block's mean; the last column and row are repeated where a block is not full."""
    padded = np.pad(plane.astype(float), ((0, -plane.shape[0] % v), (0, -plane.shape[1] % h)), mode="edge")
    return padded.reshape(padded.shape[0] // v, v, padded.shape[1] // h, h).mean((1, 3))


def encode(
    planes: Sequence[np.ndarray],
    factors: Sequence[tuple[int, int]],
    markers: bytes = b"",
    ids: Sequence[int] = (1, 2, 3, 4),
    restart: int = 0,
    interleaved: bool = True,
    sof: int = 0xC0,
) -> bytes:
    """Encodes full-size 8-bit planes, each stored with its sampling factors (h, v). `restart` is in MCUs, 0 for none."""
    height, width = planes[0].shape
    most_h, most_v = max(h for h, _ in factors), max(v for _, v in factors)
    mcus = -(-width // (8 * most_h)), -(-height // (8 * most_v))
    out = b"\xff\xd8" + markers + segment(0xDB, b"\0" + bytes(int(QUANT[p]) for p in ZIGZAG))
    components = b"".join(bytes([ids[i], h << 4 | v, 0]) for i, (h, v) in enumerate(factors))
    out += segment(sof, bytes([8]) + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes([len(planes)]) + components)
    out += segment(0xC4, b"\x00" + counts(4, len(DC_SYMBOLS)) + bytes(DC_SYMBOLS))
    out += segment(0xC4, b"\x10" + counts(8, len(AC_SYMBOLS)) + bytes(AC_SYMBOLS))
    if restart:
        out += segment(0xDD, restart.to_bytes(2, "big"))

    blocks = []
    for plane, (h, v) in zip(planes, factors):
        small = subsample(plane, most_h // h, most_v // v)
        rows, columns = mcus[1] * v * 8, mcus[0] * h * 8
        full = np.pad(small, ((0, rows - small.shape[0]), (0, columns - small.shape[1])), mode="edge") - 128
        tiles = full.reshape(rows // 8, 8, columns // 8, 8).transpose(0, 2, 1, 3)
        blocks.append(np.rint(DCT @ tiles @ DCT.T / QUANT).astype(int))

    scans = [list(range(len(planes)))] if interleaved else [[i] for i in range(len(planes))]
    for scan in scans:
        out += segment(0xDA, bytes([len(scan)]) + b"".join(bytes([ids[i], 0]) for i in scan) + bytes([0, 63, 0]))
        out += entropy(blocks, factors, scan, mcus, (width, height), (most_h, most_v), restart)
    return out + b"\xff\xd9"


def counts(length: int, count: int) -> bytes:
    return bytes(count if i == length else 0 for i in range(1, 17))


def entropy(blocks, factors, scan, mcus, size, most, restart) -> bytes:
    """A scan's data. A scan of one component goes row by row over the blocks that hold pixels of it."""
    if len(scan) == 1:
        (i,) = scan
        h, v = factors[i]
        columns, rows = -(-(-(-size[0] * h // most[0])) // 8), -(-(-(-size[1] * v // most[1])) // 8)
        order = [[(i, r, c)] for r in range(rows) for c in range(columns)]
    else:
        order = [
            [(i, my * factors[i][1] + r, mx * factors[i][0] + c) for i in scan for r in range(factors[i][1]) for c in range(factors[i][0])]
            for my in range(mcus[1])
            for mx in range(mcus[0])
        ]
    data, bits, before = b"", "", dict.fromkeys(scan, 0)
    for n, mcu in enumerate(order):
        if restart and n and n % restart == 0:
            data += stuffed(bits) + bytes([0xFF, 0xD0 | (n // restart - 1) % 8])
            bits, before = "", dict.fromkeys(scan, 0)
        for i, r, c in mcu:
            block = blocks[i][r, c]
            values = [int(block[p]) for p in ZIGZAG]
            difference, before[i] = values[0] - before[i], values[0]
            bits += format(DC_SYMBOLS.index(abs(difference).bit_length()), "04b") + value_bits(difference)
            run = 0
            for value in values[1:]:
                if value == 0:
                    run += 1
                    continue
                bits += format(AC_SYMBOLS.index(0xF0), "08b") * (run // 16)
                bits += format(AC_SYMBOLS.index(run % 16 << 4 | abs(value).bit_length()), "08b") + value_bits(value)
                run = 0
            if run:
                bits += format(AC_SYMBOLS.index(0x00), "08b")
    return data + stuffed(bits)


def value_bits(value: int) -> str:
    size = abs(value).bit_length()
    return format(value if value > 0 else value + (1 << size) - 1, f"0{size}b") if size else ""


def stuffed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:].replace(b"\xff", b"\xff\0")
