"""What the parts of the recipe share: the photos, their preprocessing by torchvision, and how tensors are written."""
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from torchvision.transforms._presets import ImageClassification

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "examples" / "photos"
GOLDEN = ROOT / "test" / "golden"

# Scenes that have nothing to do with each other: the networks' vectors must tell them apart. Small sets take the first ones.
SCENES = ["coffee.jpg", "cat.png", "clock.jpg", "retina.jpg", "rocket.jpg", "bricks.jpg", "galaxies.jpg", "grass.jpg"]


def photo_names() -> list[str]:
    return sorted(p.name for p in PHOTOS.iterdir() if p.suffix in {".jpg", ".png", ".webp", ".gif"})


@cache
def prepared(photo: str, size: int = 224) -> torch.Tensor:
    """(1, 3, size, size): the file through torchvision's V1 preset; a smaller `size` is the centre of the 224×224 tensor."""
    x = ImageClassification(crop_size=224)(Image.open(PHOTOS / photo).convert("RGB"))[None]
    at = (224 - size) // 2
    return x[:, :, at : at + size, at : at + size].contiguous()


def save(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Writes float32, row-major. Refuses what no golden should be: empty, not finite, or nothing but zeros."""
    arrays = {}
    for name, tensor in tensors.items():
        array = np.asarray(tensor.detach().numpy(), np.float32, order="C")  # unlike ascontiguousarray: a scalar stays one
        if array.size == 0 or not np.isfinite(array).all() or not array.any():
            raise ValueError(f"{path.name}: {name} is empty, not finite or all zeros")
        arrays[name] = array
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(arrays, path)
    path.chmod(0o644)  # safetensors leaves it to the owner alone
