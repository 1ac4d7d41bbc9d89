"""Small safetensors files for the tests of src/weights, made by the format's own implementation, with their values beside them.

`make(outdir)` writes outdir/safetensors/*.safetensors and values.json. The whole is under 8 KB and the same on every run.
"""
import json
import math
import struct
from pathlib import Path

import numpy as np
import torch
from safetensors import deserialize, safe_open
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file

# Signs, zeros, the subnormals' ends, the largest values, ties in the fraction, infinities, NaN.
FLOATS = [0.0, -0.0, 1.0, -2.5, 1 / 3, 2.0**-24, -(2.0**-14), 2.0**-14 - 2.0**-24, 65504.0, -448.0, math.inf, -math.inf, math.nan]


def limits(dtype: torch.dtype, *more: int) -> torch.Tensor:
    info = torch.iinfo(dtype)
    return torch.tensor([info.min, info.max, 0, 1, *more], dtype=dtype)


def dtypes() -> dict[str, torch.Tensor]:
    """One tensor for every dtype that torch can save, named as the format names it."""
    floats = torch.tensor(FLOATS, dtype=torch.float64)
    all_bytes = torch.arange(256, dtype=torch.int16).to(torch.uint8)
    return {
        "BOOL": torch.tensor([[True, False, True]]),
        "U8": limits(torch.uint8, 200),
        "I8": limits(torch.int8, -100),
        "I16": limits(torch.int16),
        "U16": limits(torch.uint16),
        "F16": floats.to(torch.float16),
        "BF16": torch.cat([floats, torch.tensor([2.0**-133, 3.3895313892515355e38])]).to(torch.bfloat16),
        "I32": limits(torch.int32),
        "U32": limits(torch.uint32),
        "F32": torch.cat([floats, torch.tensor([2.0**-149, 3.4028234663852886e38])]).to(torch.float32),
        "C64": torch.tensor([1 + 2j], dtype=torch.complex64),
        "F64": torch.cat([floats, torch.tensor([5e-324, 0.1, 1.7976931348623157e308], dtype=torch.float64)]),
        "I64": torch.tensor([-(2**53), 2**53, 0, -7], dtype=torch.int64),
        "I64 large": torch.tensor([1, 2**53 + 1], dtype=torch.int64),
        "U64": torch.tensor([2**53, 0, 7], dtype=torch.uint64),
        "F8_E4M3": all_bytes.clone().view(torch.float8_e4m3fn),
        "F8_E5M2": all_bytes.clone().view(torch.float8_e5m2),
        "F8_E8M0": all_bytes[:4].clone().view(torch.float8_e8m0fnu),
        "F8_E4M3FNUZ": all_bytes[:4].clone().view(torch.float8_e4m3fnuz),
        "F8_E5M2FNUZ": all_bytes[:4].clone().view(torch.float8_e5m2fnuz),
        "F4": all_bytes[:4].clone().reshape(2, 2).view(torch.float4_e2m1fn_x2),
    }


def as_text(tensor: torch.Tensor) -> list[str] | None:
    """Every value so that JSON keeps it: the shortest decimals of a float64, or a whole number; None where there are no numbers."""
    if tensor.is_complex() or "float4" in str(tensor.dtype) or "e8m0" in str(tensor.dtype) or "fnuz" in str(tensor.dtype):
        return None
    if tensor.is_floating_point():
        return [repr(v) for v in tensor.to(torch.float64).flatten().tolist()]
    return [str(int(v)) for v in tensor.flatten().tolist()]


def rounding() -> dict[str, np.ndarray]:
    """float64 beside numpy's binary16 of it (one rounding), float32 beside torch's bfloat16 of it (as its bits)."""
    rng = np.random.default_rng(9)
    fractions = np.concatenate([1 + np.arange(64) / 4096, 2 - np.arange(64) / 4096])
    scales = 2.0 ** np.array([-30, -26, -25, -24, -20, -15, -14, -1, 0, 14, 15])
    wide = np.concatenate([np.outer(scales, fractions).ravel(), rng.standard_normal(200) * 10.0 ** rng.integers(-8, 4, 200)])
    # A float32 between: rounding twice goes wrong here.
    wide = np.append(wide, [1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-11 - 2.0**-40, 65519.99, 2.0**-25 + 2.0**-60, 2.0**-25])
    wide = np.concatenate([wide[np.abs(wide) < 65520], -wide[:50]])
    narrow = wide.astype(np.float32)
    bfloats = torch.from_numpy(narrow).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
    return {"f64": wide, "f16": wide.astype(np.float16), "f32": narrow, "bf16 bits": bfloats}


def unaligned() -> bytes:
    """No padding, an odd header, a float32 and an int64 at odd offsets, the header's order not the data's."""
    infos = {
        "long": {"dtype": "I64", "shape": [1], "data_offsets": [7, 15]},
        "bytes": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
        "float": {"dtype": "F32", "shape": [1, 1], "data_offsets": [3, 7]},
    }
    header = json.dumps(infos).encode()
    header += b" " * (1 - len(header) % 2)
    return struct.pack("<Q", len(header)) + header + bytes([1, 2, 3]) + struct.pack("<fq", 1.5, -9)


def make(outdir: Path) -> None:
    folder = Path(outdir) / "safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = dtypes()
    save_file(tensors, folder / "dtypes.safetensors", {"made by": "tools/golden/weights.py"})
    with safe_open(folder / "dtypes.safetensors", "pt") as f:
        shapes = {name: f.get_slice(name).get_shape() for name in tensors}
    values = {name: {"shape": shapes[name], "values": as_text(tensor)} for name, tensor in tensors.items()}
    (folder / "values.json").write_text(json.dumps(values, indent=0) + "\n")

    names = ["__proto__", "constructor", "", "10", "9", 'a "quoted\\" name\n', "слой.вес", "层.权重", "🦊", "a/b c.weight"]
    odd = {name: torch.tensor(float(i)) for i, name in enumerate(names)}
    odd |= {"none": torch.empty(0), "no rows": torch.empty(3, 0, 5), "scalar long": torch.tensor(-3)}
    save_file(odd, folder / "names.safetensors", {"__proto__": "ключ ✓"})

    save_numpy(rounding(), folder / "rounding.safetensors")
    (folder / "unaligned.safetensors").write_bytes(unaligned())
    deserialize(unaligned())  # the format's own reader takes it


if __name__ == "__main__":
    make(Path(__file__).resolve().parents[2] / "test" / "golden")
