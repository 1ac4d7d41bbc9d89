"""Full-size files of ResNets as torchvision, transformers, timm and torch's ONNX exporters write them, with the vectors that those libraries compute:
python make.py FOLDER. Weights are the goldens' (tools/golden); about 1.5 GB. `npm run check:exports` runs it and compares.
"""
import json
import sys
import warnings
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))

import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from common import PHOTOS, SCENES, prepared
from exports import VARIANTS, export_onnx, golden_network, match, timm_network, transformers_network, vector

SHOWN = SCENES[:2]
CLASSES = ["cat", "cup", "clock"]


class Collection:
    """What has been made: an entry for each file, and its vectors."""

    def __init__(self, folder: Path):
        self.folder, self.entries, self.vectors = folder, [], {}

    def add(self, name: str, file: Path, arch: str, net: nn.Module, prepare=prepared, **more) -> None:
        """`net` has been written to `file`; `prepare` is the library's own way from a photo to a tensor."""
        for photo in SHOWN:
            self.vectors[f"{name}/{photo}"] = vector(net, prepare(photo)).clone()
        self.entries.append({"name": name, "file": str(file.relative_to(self.folder)), "model": arch, **more})
        print(name, flush=True)

    def write(self) -> None:
        save_file(self.vectors, self.folder / "vectors.safetensors")
        versions = {name: metadata.version(name) for name in ("torch", "torchvision", "transformers", "timm", "onnx", "onnxscript")}
        (self.folder / "index.json").write_text(json.dumps({"versions": versions, "photos": SHOWN, "exports": self.entries}, indent=1))


def place(collection: Collection, name: str) -> Path:
    path = collection.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def torchvision_files(c: Collection, arch: str) -> None:
    net = golden_network(arch)
    state = net.state_dict()
    for name, write in {
        "pth": lambda p: torch.save(state, p),
        "before 1.6.pth": lambda p: torch.save(state, p, _use_new_zipfile_serialization=False),
        "safetensors": lambda p: save_file(state, p),
    }.items():
        file = place(c, f"torchvision/{arch}.{name.replace(' ', '-')}")
        write(file)
        c.add(f"torchvision {arch} {name}", file, arch, net)
    for variant, arguments in VARIANTS.items():
        if arch == "resnet50" and variant not in ("torchscript", "torchscript-unfolded", "dynamo", "dynamo-unoptimized"):
            continue
        if "training" in arguments:
            continue  # its statistics move while it is traced; the goldens' graphs have it
        file = place(c, f"onnx/{arch}.{variant}.onnx")
        export_onnx(net, file, **arguments)
        c.add(f"torchvision {arch} onnx {variant}", file, arch, net)


def checkpoints(c: Collection) -> None:
    net = golden_network("resnet18")
    wrapped = nn.DataParallel(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.zeros(1, 3, 32, 32)).sum().backward()
    optimizer.step()
    checkpoint = {"epoch": 7, "arch": "resnet18", "state_dict": wrapped.state_dict(), "best_acc1": torch.tensor(69.7), "optimizer": optimizer.state_dict()}
    file = place(c, "checkpoints/model_best.pth.tar")
    torch.save(checkpoint, file)
    c.add("checkpoint of DataParallel with SGD", file, "resnet18", net)
    tuned = golden_network("resnet18")
    tuned.fc = nn.Sequential(nn.Dropout(0.2), nn.Linear(512, len(CLASSES)))
    file = place(c, "checkpoints/tuned.pth")
    torch.save({"model": tuned.state_dict(), "class_to_idx": {name: i for i, name in enumerate(CLASSES)}}, file)
    c.add("fine-tuned, 3 classes", file, "resnet18", tuned, labels=CLASSES)


def transformers_files(c: Collection, arch: str) -> None:
    # The processor by Pillow. The other one resizes tensors by torchvision, whose last bits differ: vectors are then off by 1e-3.
    from transformers import ConvNextImageProcessorPil

    net = transformers_network(arch)
    match(net, arch)
    processor = ConvNextImageProcessorPil(size={"shortest_edge": 224}, crop_pct=0.875, resample=3, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])

    def prepare(photo: str) -> torch.Tensor:
        return processor(Image.open(PHOTOS / photo).convert("RGB"), return_tensors="pt")["pixel_values"]

    for name, arguments in {"one file": {}, "sharded": {"max_shard_size": "20MB"}}.items():
        folder = place(c, f"transformers/{arch}-{name.replace(' ', '-')}/x").parent
        net.save_pretrained(folder, **arguments)
        processor.save_pretrained(folder)
        file = folder / ("model.safetensors" if not arguments else "model.safetensors.index.json")
        c.add(f"transformers {arch} safetensors, {name}", file, arch, net, prepare)
    file = place(c, f"transformers/{arch}-bin/pytorch_model.bin")
    torch.save(net.state_dict(), file)
    net.config.save_pretrained(file.parent)
    c.add(f"transformers {arch} bin", file, arch, net)
    bare = transformers_network(arch, whole=False)
    match(bare, arch)
    bare.save_pretrained(place(c, f"transformers/{arch}-model/x").parent)
    c.add(f"transformers {arch} ResNetModel", c.folder / f"transformers/{arch}-model/model.safetensors", arch, bare)
    for variant in ("torchscript", "dynamo"):
        file = place(c, f"transformers/{arch}.{variant}.onnx")
        net.config.return_dict = False
        export_onnx(net, file, **VARIANTS[variant])
        net.config.return_dict = True
        c.add(f"transformers {arch} onnx {variant}", file, arch, net)


def timm_files(c: Collection, arch: str) -> None:
    import timm
    from timm.models._hub import save_for_hf

    net = timm_network(arch)
    match(net, arch)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(net), is_training=False)
    folder = place(c, f"timm/{arch}/x").parent
    save_for_hf(net, folder, safe_serialization=True)
    prepare = lambda photo: transform(Image.open(PHOTOS / photo).convert("RGB"))[None]
    c.add(f"timm {arch} ({net.pretrained_cfg['tag']})", folder / "model.safetensors", arch, net, prepare)
    file = place(c, f"timm/{arch}.torchscript.onnx")
    export_onnx(net, file, **VARIANTS["torchscript"])
    c.add(f"timm {arch} onnx torchscript", file, arch, net)


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    collection = Collection(Path(sys.argv[1]).resolve())
    for arch in ("resnet18", "resnet50"):
        torchvision_files(collection, arch)
        transformers_files(collection, arch)
        timm_files(collection, arch)
    checkpoints(collection)
    collection.write()


main()
