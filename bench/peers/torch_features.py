"""Feature vectors as a script with PyTorch makes them, to standard output: torch_features.py MODEL WEIGHTS.pth PATH [WORKERS]

PATH is an image, or a folder of them; a folder is read by a DataLoader with WORKERS processes beside this one, in batches of 8. The seconds that
a folder took, without what came before it, go to standard error.
"""
import json
import sys
import time
from pathlib import Path

import torch
from PIL import Image
from torchvision import models, transforms


class Photos(torch.utils.data.Dataset):
    def __init__(self, paths: list[Path]):
        self.paths = paths
        self.transform = transforms.Compose(
            [
                transforms.Resize(256),
                transforms.CenterCrop(224),
                transforms.ToTensor(),
                transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self.paths[index]) as image:
            return self.transform(image.convert("RGB"))


@torch.inference_mode()
def main(model: str, weights: str, path: str, workers: str = "0") -> None:
    network = getattr(models, model)(weights=None)
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.fc = torch.nn.Identity()
    network.eval().to(memory_format=torch.channels_last)
    folder = Path(path).is_dir()
    photos = Photos(sorted(Path(path).iterdir()) if folder else [Path(path)])
    start = time.perf_counter()
    batches = torch.utils.data.DataLoader(photos, batch_size=8, num_workers=int(workers)) if folder else [photos[0][None]]
    done = 0
    for batch in batches:
        for vector in network(batch.to(memory_format=torch.channels_last)).tolist():
            print(json.dumps({"image_path": str(photos.paths[done]), "feature_vector": vector}))
            done += 1
    print(time.perf_counter() - start, file=sys.stderr)


main(*sys.argv[1:])
