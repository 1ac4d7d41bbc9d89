"""Makes JPEG photos of 1 to 12 megapixels from real ones: make_photos.py FOLDER COUNT

The real ones are those in examples/photos and, where they are installed, scikit-image's and scikit-learn's. Each is cropped somewhere, enlarged, and
gets the light noise that a sensor has, so that a JPEG of it is about as large as a camera's. The same on every run with the same Pillow.
"""
import importlib.util
import sys
from pathlib import Path

import numpy as np
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/photos"
INSTALLED = {
    "skimage": ["data", "astronaut.png chelsea.png coffee.png ihc.png motorcycle_left.png retina.jpg rocket.jpg"],
    "sklearn": ["datasets/images", "china.jpg flower.jpg"],
}
ASPECTS = [4 / 3, 3 / 2, 3 / 4, 16 / 9, 1, 2 / 3]
# As cameras and phones have it: mostly 4:2:0, some 4:2:2, few 4:4:4.
SUBSAMPLINGS = ["4:2:0", "4:2:0", "4:2:0", "4:2:2", "4:2:0", "4:4:4"]


def originals() -> list[Path]:
    found = sorted(EXAMPLES.glob("*.jpg"))
    for module, (folder, names) in INSTALLED.items():
        spec = importlib.util.find_spec(module)
        if spec is None:
            print(f"{module} is not installed: its photos are not among the originals", file=sys.stderr)
            continue
        found += [Path(spec.submodule_search_locations[0]) / folder / name for name in names.split()]
    return found


def photo(original: Image.Image, megapixels: float, aspect: float, rng: np.random.Generator) -> Image.Image:
    height = round((megapixels * 1e6 / aspect) ** 0.5)
    width = round(height * aspect)
    # The largest box of that shape, made smaller by up to a third, somewhere.
    scale = min(original.width / aspect, original.height) * rng.uniform(2 / 3, 1)
    left, top = rng.uniform(0, original.width - scale * aspect), rng.uniform(0, original.height - scale)
    box = (left, top, left + scale * aspect, top + scale)
    pixels = np.asarray(original.resize((width, height), Image.Resampling.BICUBIC, box), np.int16)
    # A tile of noise, repeated: to draw millions of numbers a photo takes longer than all the rest.
    tile = rng.normal(0, rng.uniform(2, 6), (512, 512, 3)).astype(np.int16)
    noise = np.tile(tile, (height // 512 + 1, width // 512 + 1, 1))[:height, :width]
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def main(folder: str, count: str) -> None:
    sources = [Image.open(path).convert("RGB") for path in originals()]
    rng = np.random.default_rng(10)
    for i in range(int(count)):
        megapixels = 1 + 11 * i / max(1, int(count) - 1)
        made = photo(sources[i % len(sources)], megapixels, ASPECTS[i % len(ASPECTS)], rng)
        options = {"quality": int(rng.integers(85, 96)), "subsampling": SUBSAMPLINGS[i % len(SUBSAMPLINGS)]}
        made.save(Path(folder) / f"photo-{i:04}.jpg", **options)


main(*sys.argv[1:])
