"""The five ResNets and a ResNeXt at full size and tiny, from the photo's file to the vector.

Weights come from the seeded hash (fill_parameter), so only the batch norms' statistics lie on disk: they are what the layers really see on the
example photos, without which the activations explode and all vectors look alike. The last batch norm of each block has a small scale: with a
large one the blocks' random maps pile up into chaos, in which photos are alike again and rounding errors grow.
"""
import json
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names
from torchvision.models.resnet import BasicBlock, ResNet

from common import ROOT, SCENES, photo_names, prepared, save
from hash_fill import fill_parameter

DEPTHS = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
NEXT = "resnext50_32x4d"  # for its groups
PHOTOS_OF = {"resnet18": SCENES, "resnet50": SCENES, NEXT: SCENES[:2], "tiny": [SCENES[0], *(p for p in photo_names() if p != SCENES[0])]}  # the others: four
SMALL = {"resnet18": [64, 128], "resnet50": [64, 128]}  # sides for the slow backends
TINY_WIDTHS = (16, 32, 64, 128)


def build(arch: str) -> ResNet:
    """torchvision's network with hashed weights; batch norms have no statistics yet."""
    net = torchvision.models.get_model(arch, weights=None).eval()
    small_norm = ".bn2" if arch in ("resnet18", "resnet34") else ".bn3"
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(torch.from_numpy(fill_parameter(arch, name, tuple(p.shape), small_norm)))
    return net


@torch.inference_mode()
def calibrate(net: ResNet) -> dict[str, torch.Tensor]:
    """One pass in training mode over the photos and their mirrored centres, all in one batch: each batch norm keeps what it sees."""
    norms = {name: m for name, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)}
    for norm in norms.values():
        norm.train()
        norm.momentum = 1.0
    whole = torch.cat([prepared(p) for p in photo_names()])
    centre = nn.functional.interpolate(whole[:, :, 40:184, 40:184].flip(3), size=(224, 224), mode="bilinear")
    net(torch.cat([whole, centre]))
    for norm in norms.values():
        norm.eval()
    return {f"{n}.{k}": getattr(m, k).clone() for n, m in norms.items() for k in ("running_mean", "running_var")}


class Tiny(ResNet):
    """The ResNet-18 of tools/tiny: other widths, and no classifier."""

    def __init__(self):
        super().__init__(BasicBlock, [2, 2, 2, 2])
        self.inplanes = TINY_WIDTHS[0]
        self.conv1 = nn.Conv2d(3, TINY_WIDTHS[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(TINY_WIDTHS[0])
        for i, width in enumerate(TINY_WIDTHS):
            setattr(self, f"layer{i + 1}", self._make_layer(BasicBlock, width, 2, stride=1 if i == 0 else 2))
        self.fc = nn.Identity()


def load_tiny() -> Tiny:
    net = Tiny().eval()
    state = load_file(ROOT / "assets" / "tiny.safetensors")
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return net


def taps(net: ResNet, everywhere: bool) -> list[str]:
    """Every node, or: the stem, the insides of each stage's first block and of the last block. The stages always."""
    nodes = get_graph_node_names(net)[1][1:]
    inside = ("layer1.0.", "layer2.0.", "layer3.0.", "layer4.0.", f"layer4.{len(net.layer4) - 1}.")
    keep = [n for n in nodes if everywhere or "layer" not in n or n.startswith(inside)]
    return [n for n in keep if n not in ("avgpool", "flatten", "fc")] + ["layer1", "layer2", "layer3", "layer4"]


@torch.inference_mode()
def outputs(net: ResNet, photos: list[str], tapped: list[str], sides: list[int], classifier: bool) -> dict[str, torch.Tensor]:
    """Of each photo `<photo>/avgpool`, with a classifier `fc` and `softmax`, for smaller sides `<photo>@<side>/avgpool`; of the first
    photo also `<photo>/<node>`: the mean over all positions, for each channel, of every tap."""
    out = {}
    ends = create_feature_extractor(net, {"avgpool": "avgpool", "fc": "fc"} if classifier else {"avgpool": "avgpool"})
    for photo in photos:
        y = ends(prepared(photo))
        out[f"{photo}/avgpool"] = y["avgpool"].flatten()
        if classifier:
            out[f"{photo}/fc"], out[f"{photo}/softmax"] = y["fc"][0], y["fc"].softmax(1)[0]
        for side in sides:
            out[f"{photo}@{side}/avgpool"] = ends(prepared(photo, side))["avgpool"].flatten()
    nodes = get_graph_node_names(net)[1]
    ends_of = {tap: tap if tap in nodes else [n for n in nodes if n.startswith(f"{tap}.")][-1] for tap in tapped}  # layer1: its last node
    for m in net.modules():
        if isinstance(m, nn.ReLU):
            m.inplace = False  # else what stands in a batch norm's output is already its ReLU's
    inner = create_feature_extractor(net, list(set(ends_of.values())))(prepared(photos[0]))
    return out | {f"{photos[0]}/{tap}": inner[node].mean((2, 3))[0] for tap, node in ends_of.items()}


def largest_cosine(out: dict[str, torch.Tensor], suffix: str) -> float:
    """Between the vectors of two different scenes."""
    v = torch.stack([out[f"{p}{suffix}/avgpool"] for p in SCENES if f"{p}{suffix}/avgpool" in out])
    v = nn.functional.normalize(v, dim=1)
    return round(float((v @ v.T - 2 * torch.eye(len(v))).max()), 4)


def make(outdir: Path) -> None:
    """Writes networks/`<arch>.safetensors` (outputs), `<arch>.bn.safetensors` (statistics) and index.json, which says what is where."""
    folder, index = outdir / "networks", {}
    for arch in [*DEPTHS, NEXT, "tiny"]:
        sides = SMALL.get(arch, [])
        net = load_tiny() if arch == "tiny" else build(arch)
        photos = PHOTOS_OF.get(arch, SCENES[:4])
        if arch != "tiny":
            save(folder / f"{arch}.bn.safetensors", calibrate(net))
        tapped = taps(net, arch in ("resnet18", "tiny"))
        out = outputs(net, photos, tapped, sides, arch != "tiny")
        save(folder / f"{arch}.safetensors", out)
        cosines = {str(side): largest_cosine(out, "" if side == 224 else f"@{side}") for side in [224, *sides]}
        if max(cosines.values()) >= 0.95:
            raise ValueError(f"{arch}: two scenes' vectors are alike, so errors would hide; largest cosines: {cosines}")
        index[arch] = {"photos": photos, "sides": sides, "taps": tapped, "largestCosine": cosines}
    lines = ",\n".join(f'"{arch}": {json.dumps(entry)}' for arch, entry in index.items())
    (folder / "index.json").write_text(f'{{"scenes": {json.dumps(SCENES)},\n"networks": {{\n{lines}}}}}\n')
