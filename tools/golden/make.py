"""Makes all goldens anew, or the parts named: python make.py [hashes names ops blocks networks images weights torch_files exports] [--photos].

Every part is a module with make(folder), which writes below test/golden what `OUTPUTS` says. manifest.json then says by sha256 what each part was
made of (its modules, its inputs, its outputs) and with which versions: test/golden.test.ts compares that with the files as they are.
"""
import argparse
import ast
import hashlib
import importlib
import json
import platform
import time
from importlib import metadata
from pathlib import Path

import numpy
import PIL
import safetensors
import torch
import torchvision

from common import GOLDEN, PHOTOS, ROOT

HERE = Path(__file__).resolve().parent
PHOTO_FILES = ["examples/photos/*.*g", "examples/photos/*.webp"]
# What else a part is made of: globs from the root. And what it writes: globs from test/golden.
INPUTS = {"exports": ["test/golden/networks/resnet18*.safetensors", "test/golden/networks/resnet50*.safetensors"], "ops": ["tools/golden/export-cases.ts"], "networks": [*PHOTO_FILES, "assets/tiny.safetensors"], "images": PHOTO_FILES}
OUTPUTS = {
    "hashes": ["hash-fill.json"],
    "names": ["node-names.json"],
    "ops": ["ops.cases.json", "ops.safetensors"],
    "blocks": ["blocks.json", "blocks.safetensors"],
    "networks": ["networks/*"],
    "images": ["images/**/*"],
    "weights": ["safetensors/*"],
    "torch_files": ["torch/*"],
    "exports": ["exports/*"],
}
# Packages that one part alone needs.
PACKAGES = {"exports": ["onnx", "onnxscript", "timm", "transformers"]}


def sums(root: Path, globs: list[str]) -> dict[str, str]:
    """sha256 of every file that the globs find, by its path from the repository's root."""
    files = sorted({p for glob in globs for p in root.glob(glob) if p.is_file()})
    return {p.relative_to(ROOT).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def modules_of(name: str, seen: set[str] | None = None) -> set[str]:
    """The part's module and all that it imports from this folder."""
    seen = {name} if seen is None else seen
    for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text())):
        imported = [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names] if isinstance(node, ast.Import) else []
        for other in imported:
            if other not in seen and (HERE / f"{other}.py").exists():
                seen.add(other)
                modules_of(other, seen)
    return seen


def describe(part: str) -> dict:
    """A part's entry in the manifest, as its files are now."""
    versions = {m.__name__: m.__version__.split("+")[0] for m in (torch, torchvision, PIL, numpy, safetensors)}
    versions |= {name: metadata.version(name) for name in PACKAGES.get(part, [])}
    return {
        "versions": {"python": platform.python_version(), **versions},
        "recipe": sums(HERE, [f"{m}.py" for m in modules_of(part)]),
        "inputs": sums(ROOT, INPUTS.get(part, [])),
        "outputs": sums(GOLDEN, OUTPUTS[part]),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("parts", nargs="*", choices=[[], *OUTPUTS], help="all of them unless told")
    arguments.add_argument("--photos", action="store_true", help="first write examples/photos from scikit-image's data: everything else hangs on their bytes")
    asked = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    if asked.photos:
        importlib.import_module("photos").make(PHOTOS)
    path = GOLDEN / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {}
    for part in asked.parts or OUTPUTS:
        begin = time.time()
        importlib.import_module(part).make(GOLDEN / "images" if part == "images" else GOLDEN)  # a folder of its own, which it empties
        manifest[part] = describe(part)
        path.write_text(json.dumps({p: manifest[p] for p in OUTPUTS if p in manifest}, indent=1) + "\n")
        print(f"{part}: {len(manifest[part]['outputs'])} files, {time.time() - begin:.0f} s", flush=True)
    size = sum(p.stat().st_size for p in GOLDEN.rglob("*") if p.is_file())
    print(f"test/golden: {size / 1e6:.2f} MB")
    if size > 8_000_000:
        raise SystemExit("test/golden is over 8 MB")


if __name__ == "__main__":
    main()
