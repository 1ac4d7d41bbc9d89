"""What the image files are made of: pieces of examples/photos, their planes, and Pillow's own encoders."""
import io

import numpy as np
from common import PHOTOS
from PIL import Image


def source(name: str, box: tuple[int, int, int, int] | None, size: tuple[int, int]) -> Image.Image:
    image = Image.open(PHOTOS / name).convert("RGB")
    return (image.crop(box) if box else image).resize(size, Image.Resampling.LANCZOS)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def planes(image: Image.Image) -> list[np.ndarray]:
    return [np.asarray(band) for band in image.split()]


def orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()
