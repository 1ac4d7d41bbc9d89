"""WebP files: lossy, lossless, with alpha, animated, with metadata."""
from PIL import Image
from pictures import orientation, saved, source


def webp_files() -> dict[str, bytes]:
    rocket = source("rocket.jpg", (170, 40, 460, 250), (61, 45))
    fading = rocket.convert("RGBA")
    fading.putalpha(Image.linear_gradient("L").resize(rocket.size))
    moved = Image.new("RGBA", (80, 60))
    moved.paste(fading, (10, 8))
    files = {
        "lossy": saved(rocket, "WEBP", quality=80),
        "lossy-small-quality": saved(rocket, "WEBP", quality=5, method=6),
        "lossless": saved(rocket, "WEBP", lossless=True),
        "lossy-alpha": saved(fading, "WEBP", quality=80),
        "lossless-alpha": saved(fading, "WEBP", lossless=True, exact=True),
        "near-lossless": saved(rocket.quantize(20).convert("RGB"), "WEBP", lossless=True, quality=60),
        "metadata": saved(rocket, "WEBP", quality=80, exif=orientation(1), xmp=b"<x/>", icc_profile=b"not a profile"),
        "animated": saved(rocket, "WEBP", save_all=True, append_images=[rocket.rotate(180)], quality=80),
        "animated-lossless-alpha": saved(fading, "WEBP", save_all=True, append_images=[fading.rotate(180)], lossless=True),
        "animated-offset": saved(moved, "WEBP", save_all=True, append_images=[moved.rotate(180)], lossless=True),
        "trailing-bytes": saved(rocket, "WEBP", quality=80) + b"something else after the end",
        "one-pixel": saved(rocket.resize((1, 1)), "WEBP", lossless=True),
    }
    return {f"webp/{name}.webp": data for name, data in files.items()}
