"""Makes small different JPEGs of photos: make_small_photos.py PHOTOS FOLDER COUNT writes picture-0.jpg and so on."""
import sys
from pathlib import Path

from PIL import Image

photos, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
paths = sorted(path for path in photos.iterdir() if path.suffix in (".jpg", ".png", ".webp"))
for i in range(count):
    with Image.open(paths[i % len(paths)]) as image:
        corner = 7 * (i // len(paths))
        small = image.convert("RGB").crop((corner, corner, image.width, image.height)).resize((48, 40))
        small.save(folder / f"picture-{i}.jpg", quality=90)
