"""A few numbers of the seeded hash, so that a test holds Python and TypeScript to the same bits."""
import json
from pathlib import Path

from hash_fill import fill_parameter, hash_positive, hash_seed, hash_signed

TEXTS = ["", "conv2d/1x1/0", "größe/☃/𝄞", "resnet152/layer3.35.conv2.weight"]
PARAMETERS = [("a.weight", [4, 3, 3, 3]), ("bn1.weight", [5]), ("layer1.0.bn2.weight", [5]), ("bn1.running_var", [5]), ("bn1.running_mean", [5]),
              ("fc.bias", [5]), ("bn1.num_batches_tracked", [])]


def numbers(array) -> list[float]:
    """The first four and the last: float32 written as the double it is."""
    flat = array.ravel().tolist()
    return [*flat[:4], flat[-1]]


def make(outdir: Path) -> None:
    fills = [{"text": t, "seed": hash_seed(t), "signed": numbers(hash_signed(t, 70_000, 0.3)), "positive": numbers(hash_positive(t, 70_000, 0.3))} for t in TEXTS]
    parameters = [{"name": n, "shape": s, "values": numbers(fill_parameter("net", n, s, ".bn2"))} for n, s in PARAMETERS]
    (outdir / "hash-fill.json").write_text(json.dumps({"count": 70_000, "scale": 0.3, "fills": fills, "parameters": parameters}, indent=1) + "\n")
