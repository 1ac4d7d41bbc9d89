"""examples/photos from scikit-image's data folder: real photos that are in the public domain or CC0, and second views of some of them.

Run only by `make.py --photos`: an encoder of another version writes other bytes, and all goldens hang on these. Nobody needs scikit-image
to make the goldens from the photos as they are committed.
"""
import shutil
from pathlib import Path

from PIL import Image, ImageEnhance

# (file, source, crop box or None, factors of light and colour, how to save; None copies the source's bytes)
JPEG = {"quality": 88, "optimize": True}
PHOTOS = [
    ("astronaut.jpg", "astronaut.png", None, {}, JPEG),
    ("astronaut-portrait.jpg", "astronaut.png", (120, 0, 330, 280), {}, JPEG | {"subsampling": "4:4:4"}),
    ("bricks.jpg", "brick.png", (0, 0, 300, 512), {}, JPEG),
    ("bricks-beside.jpg", "brick.png", (300, 0, 512, 512), {}, JPEG),
    ("cameraman.jpg", "camera.png", None, {}, JPEG),
    ("cat.png", "chelsea.png", None, {}, None),
    ("cat-eyes.jpg", "chelsea.png", (90, 40, 390, 220), {"Brightness": 1.2}, JPEG | {"subsampling": "4:2:2"}),
    ("clock.jpg", "clock_motion.png", None, {}, JPEG),
    ("coffee.jpg", "coffee.png", None, {}, JPEG),
    ("coffee-dim.webp", "coffee.png", (60, 0, 520, 390), {"Brightness": 0.7, "Color": 0.6}, {"quality": 85, "method": 6}),
    ("galaxies.jpg", "hubble_deep_field.jpg", (0, 0, 600, 872), {}, JPEG | {"progressive": True}),
    ("galaxies-beside.jpg", "hubble_deep_field.jpg", (600, 0, 1000, 300), {}, JPEG),
    ("grass.jpg", "grass.png", (0, 0, 512, 300), {}, JPEG),
    ("grass-below.jpg", "grass.png", (0, 300, 512, 512), {}, JPEG),
    ("gravel.jpg", "gravel.png", (0, 0, 320, 320), {}, JPEG),
    ("gravel-below.jpg", "gravel.png", (100, 320, 356, 512), {}, JPEG),
    ("retina.jpg", "retina.jpg", None, {}, None),
    ("retina-disc.jpg", "retina.jpg", (60, 380, 620, 900), {}, JPEG),
    ("rocket.jpg", "rocket.jpg", None, {}, None),
    ("rocket-tower.jpg", "rocket.jpg", (170, 40, 460, 427), {"Contrast": 1.2}, JPEG),
]


def make(outdir: Path) -> None:
    """Writes every photo into `outdir`."""
    import skimage

    data = Path(skimage.__file__).parent / "data"
    outdir.mkdir(parents=True, exist_ok=True)
    for name, source, box, light, save in PHOTOS:
        if save is None:
            shutil.copyfile(data / source, outdir / name)
            continue
        image = Image.open(data / source)
        image = image.crop(box) if box else image
        for kind, factor in light.items():
            image = getattr(ImageEnhance, kind)(image).enhance(factor)
        image.save(outdir / name, **save)
