"""What Pillow and torchvision make of an image file: its pixels, its crop, the network's input; and the few files that are read otherwise."""
import hashlib
import io

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.transforms import v2

# ImageNet's, for each of R, G, B.
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
# (resize, crop), as src/image/preset.ts has them: a number is the shorter side, a pair is (width, height).
PRESETS = {"torchvision-v1": (256, 224), "torchvision-v2": (232, 224), "scale224": (224, 224), "squash224": ((224, 224), 224)}


def sha(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def by_rule(name: str, data: bytes) -> np.ndarray | None:
    """
    The pixels of the two kinds that are read otherwise than Pillow reads them, on purpose: 16-bit grey PNG, and a GIF whose frame has a
    grey ramp of its own beside a coloured global palette. None for all others.
    """
    if "grey-16" in name:
        # The high byte; Pillow clips at 255, so that nearly all is white.
        levels = (np.asarray(Image.open(io.BytesIO(data))).astype(np.uint16) >> 8).astype(np.uint8)
    elif "local-grey-palette" in name:
        # The frame's own palette, as the standard says; Pillow takes the global one.
        image = Image.open(io.BytesIO(data))
        image.palette = None
        levels = np.asarray(image)
    else:
        return None
    return np.repeat(levels[:, :, None], 3, 2)


def shortest(data: bytes) -> int:
    """How many of a file's bytes Pillow wants to see: it decodes every beginning of at least that many, and none that is shorter."""
    whole = sha(np.asarray(decoded(data)))

    def decodes(length: int) -> bool:
        try:
            return sha(np.asarray(decoded(data[:length]))) == whole
        except Exception:  # noqa: BLE001 - Pillow raises whatever it likes
            return False

    outcomes = [decodes(length) for length in range(len(data) + 1)]
    length = outcomes.index(True)
    if not all(outcomes[length:]):
        raise ValueError("Pillow decodes a beginning and not a longer one")
    return length


def transform(resize, crop: int, interpolation: str = "bilinear") -> v2.Compose:
    size = resize if isinstance(resize, int) else (resize[1], resize[0])
    return v2.Compose([v2.Resize(size, v2.InterpolationMode(interpolation)), v2.CenterCrop(crop)])


def to_input(crop: Image.Image) -> torch.Tensor:
    tensor = torchvision.transforms.functional.to_tensor(crop)
    return torchvision.transforms.functional.normalize(tensor, MEAN, STD)


def prepared(data: bytes) -> dict:
    image = decoded(data)
    entry = {"size": image.size, "sha256": sha(np.asarray(image))}
    for name, (resize, crop) in PRESETS.items():
        square = transform(resize, crop)(image)
        entry[name] = {"crop": sha(np.asarray(square)), "input": sha(to_input(square).numpy())}
    return entry


def noise(width: int, height: int) -> np.ndarray:
    """Pixels that TypeScript makes alike: byte i is the top byte of i × 2654435761 modulo 2^32."""
    i = np.arange(width * height * 3, dtype=np.uint64)
    return ((i * 2654435761 % 2**32) >> 24).astype(np.uint8).reshape(height, width, 3)


# (width, height, resize, crop): odd sizes, up and down, equal sizes, crops larger than the image, halves rounded to even, extremes.
RESIZES = [
    (1, 1, 8, 8), (2, 1, 7, 5), (7, 5, 5, 5), (7, 5, 10, 8), (31, 57, 16, 13), (57, 31, 16, 12), (64, 64, 32, 32), (65, 64, 32, 31),
    (64, 48, 48, 40), (48, 64, 48, 41), (40, 40, 40, 40), (33, 20, 20, 24), (20, 33, 20, 27), (9, 300, 12, 10), (300, 9, 12, 10),
    (1, 40, 32, 24), (40, 1, 32, 24), (100, 75, 10, 9), (100, 75, 99, 99), (13, 200, (24, 18), 16), (200, 13, (24, 18), 30),
    (50, 50, (50, 20), 20), (50, 50, (20, 50), 20), (21, 17, (40, 40), 33), (511, 333, 64, 56), (256, 255, 64, 56), (1, 1000, 256, 224),
    (1000, 1, 256, 224), (640, 480, 256, 224),
]  # fmt: skip
