"""torchvision's residual blocks on their own, small, with odd sizes: the index says how each was built, the tensors are its outputs."""
import json
from pathlib import Path

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1

from common import save
from hash_fill import fill_parameter, hash_signed

BLOCKS = {"BasicBlock": BasicBlock, "Bottleneck": Bottleneck}
# name, block, channels in, planes, stride, groups, base width, whether it has a downsample, input's batch, height, width
CASES = [
    ("basic", "BasicBlock", 16, 16, 1, 1, 64, False, 2, 9, 7),
    ("basic-one-row", "BasicBlock", 5, 5, 1, 1, 64, False, 3, 1, 13),
    ("basic-stride-2", "BasicBlock", 12, 24, 2, 1, 64, True, 3, 11, 14),
    ("basic-wider", "BasicBlock", 7, 10, 1, 1, 64, True, 1, 8, 8),
    ("bottleneck", "Bottleneck", 32, 8, 1, 1, 64, False, 2, 9, 10),
    ("bottleneck-first", "Bottleneck", 16, 8, 1, 1, 64, True, 1, 14, 13),
    ("bottleneck-stride-2", "Bottleneck", 24, 12, 2, 1, 64, True, 2, 15, 9),
    ("bottleneck-stride-2-tiny", "Bottleneck", 8, 8, 2, 1, 64, True, 1, 2, 3),
    ("resnext-32x4", "Bottleneck", 64, 16, 1, 32, 4, False, 1, 7, 9),
    ("resnext-32x4-stride-2", "Bottleneck", 24, 16, 2, 32, 4, True, 2, 9, 7),
    ("wide-128", "Bottleneck", 32, 8, 1, 1, 128, False, 2, 7, 7),
    ("wide-128-stride-2", "Bottleneck", 20, 8, 2, 1, 128, True, 3, 10, 9),
]


@torch.inference_mode()
def make(outdir: Path) -> None:
    """Writes blocks.json and blocks.safetensors. Weights: fill_parameter under `block/<name>`; the input is hash_signed of `block/<name>/input`."""
    index, outputs = [], {}
    for name, block, inplanes, planes, stride, groups, width, down, *batch in CASES:
        expansion = BLOCKS[block].expansion
        downsample = nn.Sequential(conv1x1(inplanes, planes * expansion, stride), nn.BatchNorm2d(planes * expansion)) if down else None
        module = BLOCKS[block](inplanes, planes, stride, downsample, groups, width).eval()
        tensors = {key: tuple(t.shape) for key, t in module.state_dict().items()}
        module.load_state_dict({key: torch.from_numpy(fill_parameter(f"block/{name}", key, shape)) for key, shape in tensors.items()})
        shape = (batch[0], inplanes, *batch[1:])
        outputs[name] = module(torch.from_numpy(hash_signed(f"block/{name}/input", shape)))
        index.append({"name": name, "block": block, "inplanes": inplanes, "planes": planes, "stride": stride, "groups": groups, "baseWidth": width,
                      "downsample": down, "input": shape, "output": list(outputs[name].shape), "tensors": tensors})
    save(outdir / "blocks.safetensors", outputs)
    (outdir / "blocks.json").write_text("[" + ",\n".join(json.dumps(case) for case in index) + "]\n")
