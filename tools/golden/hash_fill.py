"""Numbers from a seeded integer hash, the same in Python and TypeScript (test/support/hash-fill.ts) to the last bit.

The seed is FNV-1a (32 bits) of a text's UTF-8 bytes; number i is the finaliser "lowbias32" (C. Wellons, hash prospector) of
(i + 1) * 0x9E3779B9 + seed. Its upper 24 bits are exact in float32.
"""
import numpy as np


def hash_seed(text: str) -> int:
    seed = 0x811C9DC5
    for byte in text.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    return seed


def hash_bits(text: str, count: int) -> np.ndarray:
    """`count` whole numbers in [0, 2^24) as float64."""
    h = (np.arange(1, count + 1, dtype=np.uint64) * 0x9E3779B9 + hash_seed(text)).astype(np.uint32)
    h ^= h >> 16
    h *= np.uint32(0x7FEB352D)
    h ^= h >> 15
    h *= np.uint32(0x846CA68B)
    h ^= h >> 16
    return (h >> 8).astype(np.float64)


def hash_signed(text: str, shape, scale: float = 1.0) -> np.ndarray:
    """Uniform in [-1, 1) times `scale`: the product in float64, rounded to float32 once."""
    return ((hash_bits(text, int(np.prod(shape))) / 2**23 - 1) * scale).astype(np.float32).reshape(shape)


def hash_positive(text: str, shape, scale: float = 1.0) -> np.ndarray:
    """Uniform in [0.5, 1.5) times `scale`, rounded as hash_signed."""
    return ((hash_bits(text, int(np.prod(shape))) / 2**24 + 0.5) * scale).astype(np.float32).reshape(shape)


def fill_parameter(prefix: str, name: str, shape, small_norm: str | None = None) -> np.ndarray:
    """A network's tensor by its name, seeded by `prefix/name`: He-uniform convolutions and linears (sqrt(6 / fan_in)), biases and running
    means within 0.1, running variances and the scales of batch norms in [0.5, 1.5); a tenth of that where the name ends in `small_norm`.weight."""
    seed = f"{prefix}/{name}"
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.float32)
    if name.endswith((".bias", ".running_mean")):
        return hash_signed(seed, shape, 0.1)
    if len(shape) > 1:
        return hash_signed(seed, shape, float(np.sqrt(6 / np.prod(shape[1:]))))
    return hash_positive(seed, shape, 0.1 if small_norm and name.endswith(f"{small_norm}.weight") else 1.0)
