"""Goldens of src/image: files of every kind, and what Pillow and torchvision make of them.

    python tools/golden/images.py OUTDIR

writes files (by format, see the *_files.py), index.json (sizes and SHA-256 of what each must become, and the versions) and
pixels.safetensors (the decoded RGB of the small files, so that a failing test can say which pixel differs).
"""
import io
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import PIL
import torchvision
from common import PHOTOS, photo_names
from gif_files import gif_files
from image_oracle import RESIZES, by_rule, decoded, noise, prepared, sha, shortest, transform
from jpeg_files import jpeg_files
from photo_files import oriented_files, photo_files
from PIL import Image, ImageOps
from png_files import png_files
from safetensors.numpy import save_file
from webp_files import webp_files

# Counts what changes in the recipe; the test knows it too and fails when they differ.
RECIPE = 1


def make(outdir: Path) -> None:
    """Writes test/golden/images anew."""
    shutil.rmtree(outdir, ignore_errors=True)
    outdir.mkdir(parents=True)
    warnings.simplefilter("ignore")  # Pillow's, on the damaged files
    oriented, photos = oriented_files(), photo_files()
    small = jpeg_files() | png_files() | webp_files() | gif_files() | oriented
    for name, data in (small | photos).items():
        path = outdir / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    pixels, decode, different = {}, {}, {}
    for name, data in small.items():
        array = np.asarray(decoded(data))
        rule = by_rule(name, data)
        if rule is not None:
            different[name] = {"pillow": sha(array)}
            array = rule
        digest = sha(array)
        decode[name] = {"size": [array.shape[1], array.shape[0]], "sha256": digest}
        pixels.setdefault(digest[:16], array)
    turned = {}
    for name, data in oriented.items():
        array = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
        turned[name] = {"size": [array.shape[1], array.shape[0]], "sha256": sha(array)}
        pixels.setdefault(sha(array)[:16], array)
    cut = ["jpeg/420.jpg", "jpeg/progressive-444.jpg", "jpeg/restart.jpg", "jpeg/cmyk.jpg", "jpeg/440.jpg", "png/rgb-8.png"]
    cut += ["png/rgb-8-parts.png", "png/palette-4-interlaced.png", "webp/lossy.webp", "webp/lossless-alpha.webp", "webp/animated.webp"]
    cut += ["gif/plain.gif", "gif/offset-interlaced.gif"]
    resizes = []
    for width, height, resize, crop in RESIZES:
        for interpolation in ("bilinear", "bicubic"):
            if interpolation == "bicubic" and 1000 in (width, height):
                continue
            square = transform(resize, crop, interpolation)(Image.fromarray(noise(width, height)))
            entry = {"size": [width, height], "resize": resize, "crop": crop, "interpolation": interpolation}
            resizes.append(entry | {"sha256": sha(np.asarray(square))})
    examples = {f"examples/photos/{name}": (PHOTOS / name).read_bytes() for name in photo_names()}
    index = {
        "recipe": RECIPE,
        "pillow": PIL.__version__,
        "torchvision": torchvision.__version__.partition("+")[0],
        "decode": decode,
        "different": different,
        "turned": turned,
        "shortest": {name: shortest(small[name]) for name in cut},
        "resize": resizes,
        "prepare": {name: prepared(data) for name, data in ({f"test/golden/images/{n}": d for n, d in photos.items()} | examples).items()},
    }
    (outdir / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    save_file(pixels, outdir / "pixels.safetensors")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
