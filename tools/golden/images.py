"""Goldens of src/image: files of every kind, and what Pillow and torchvision make of them.

    python tools/golden/images.py OUTDIR

writes files (by format), index.json (sizes and SHA-256 of what each must become, and the versions) and pixels.safetensors (the
decoded RGB of the small files, so that a failing test can say which pixel differs). The pictures are those of examples/photos.
"""
import hashlib
import io
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import PIL
import torch
import torchvision
from common import PHOTOS, photo_names
from gif_writer import encode as gif
from jpeg_encoder import adobe, jfif
from jpeg_encoder import encode as jpeg
from PIL import Image, ImageOps
from png_writer import chunk
from png_writer import encode as png
from safetensors.numpy import save_file
from torchvision.transforms import v2

# Counts what changes in the recipe; the test knows it too and fails when they differ.
RECIPE = 1
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
# (resize, crop), as src/image/preset.ts has them: a number is the shorter side, a pair is (width, height).
PRESETS = {"torchvision-v1": (256, 224), "torchvision-v2": (232, 224), "scale224": (224, 224), "squash224": ((224, 224), 224)}


def source(name: str, box: tuple[int, int, int, int] | None, size: tuple[int, int]) -> Image.Image:
    image = Image.open(PHOTOS / name).convert("RGB")
    return (image.crop(box) if box else image).resize(size, Image.Resampling.LANCZOS)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def planes(image: Image.Image) -> list[np.ndarray]:
    return [np.asarray(band) for band in image.split()]


def jpeg_files() -> dict[str, bytes]:
    """Sizes that are no multiple of a block or an MCU, so that the edges are tested too."""
    face = source("astronaut.jpg", (120, 0, 330, 280), (61, 47))
    cup = source("coffee.jpg", (120, 40, 480, 320), (59, 45))
    ycc, cmyk = planes(face.convert("YCbCr")), planes(cup.convert("CMYK"))
    inverted = [255 - plane for plane in cmyk]
    # YCCK: the inks as YCbCr, and black; all stored as light.
    rgb = Image.merge("RGB", [Image.fromarray(plane) for plane in inverted[:3]])
    ycck = [255 - plane for plane in planes(rgb.convert("YCbCr"))] + inverted[3:]
    ycck_image = Image.merge("CMYK", [Image.fromarray(255 - plane) for plane in ycck])
    one, two = (1, 1), (2, 2)
    files = {
        "444": saved(face, "JPEG", quality=90, subsampling="4:4:4"),
        "422": saved(face, "JPEG", quality=90, subsampling="4:2:2"),
        "420": saved(face, "JPEG", quality=75, subsampling="4:2:0"),
        "420-optimized": saved(face, "JPEG", quality=30, subsampling="4:2:0", optimize=True),
        "420-quality-100": saved(face, "JPEG", quality=100, subsampling="4:2:0"),
        "progressive-444": saved(face, "JPEG", quality=90, subsampling="4:4:4", progressive=True),
        "progressive-420": saved(face, "JPEG", quality=85, subsampling="4:2:0", progressive=True),
        "restart": saved(face, "JPEG", quality=85, restart_marker_blocks=3),
        "progressive-restart": saved(face, "JPEG", quality=85, progressive=True, restart_marker_rows=1),
        "grey": saved(face.convert("L"), "JPEG", quality=85),
        "grey-progressive": saved(face.convert("L"), "JPEG", quality=85, progressive=True),
        "rgb": saved(face, "JPEG", quality=85, keep_rgb=True),
        "tiny": saved(face.resize((1, 1)), "JPEG"),
        "thin": saved(face.resize((3, 200)), "JPEG", quality=80),
        "trailing-bytes": saved(face, "JPEG", quality=85) + b"something else after the end \xff\xd8\xff" * 20,
        "411": jpeg(ycc, [(4, 1), one, one], jfif()),
        "410": jpeg(ycc, [(4, 2), one, one], jfif()),
        "441": jpeg(ycc, [(1, 4), one, one], jfif()),
        "420-one-scan-each": jpeg(ycc, [two, one, one], jfif(), interleaved=False),
        "422-restart": jpeg(ycc, [(2, 1), one, one], jfif(), restart=2),
        "extended-sequential": jpeg(ycc, [one, one, one], jfif(), sof=0xC1),
        "rgb-adobe": jpeg(planes(face), [one, one, one], adobe(0)),
        "rgb-ids": jpeg(planes(face), [one, one, one], ids=b"RGB"),
        "ycc-adobe": jpeg(ycc, [two, one, one], adobe(1)),
        "ycc-odd-ids": jpeg(ycc, [two, one, one], ids=(0, 1, 2)),
        "jfif-before-adobe": jpeg(ycc, [two, one, one], jfif() + adobe(0)),
        "grey-odd-factors": jpeg(ycc[:1], [two], jfif()),
        "chroma-finer": jpeg(ycc, [one, two, two], jfif()),
        # libjpeg-turbo smooths rows that it doubles where columns stay; the WebAssembly decoder does not.
        "440": jpeg(ycc, [(1, 2), one, one], jfif()),
        "440-restart": jpeg(ycc, [(1, 2), one, one], jfif(), restart=3),
        "440-one-scan-each": jpeg(ycc, [(1, 2), one, one], jfif(), interleaved=False),
        "440-rgb": jpeg(planes(face), [(1, 2), one, one], adobe(0)),
        "440-wide": jpeg(ycc, [two, (2, 1), (2, 1)], jfif()),
        "440-mixed": jpeg(ycc, [two, (2, 1), one], jfif()),
        "440-one-row": jpeg([plane[:1] for plane in ycc], [(1, 2), one, one], jfif()),
        "440-three-rows": jpeg([plane[:3] for plane in ycc], [(1, 2), one, one], jfif()),
        "cmyk": saved(cup.convert("CMYK"), "JPEG", quality=90),
        "cmyk-progressive": saved(cup.convert("CMYK"), "JPEG", quality=90, progressive=True),
        "cmyk-no-adobe": jpeg(inverted, [one] * 4),
        "cmyk-subsampled": jpeg(inverted, [(2, 1), one, (2, 1), (2, 1)], adobe(0), restart=2),
        "cmyk-one-scan-each": jpeg(inverted, [two, one, one, two], adobe(0), interleaved=False),
        "ycck": jpeg(ycck, [one] * 4, adobe(2)),
        "ycck-420": jpeg(ycck, [two, one, one, two], adobe(2)),
        "ycck-422-restart": jpeg(ycck, [(2, 1), one, one, (2, 1)], adobe(2), restart=3),
        "ycck-440": jpeg(ycck, [(1, 2), one, one, (1, 2)], adobe(2)),
        "ycck-black-smaller": jpeg(ycck, [two, one, one, one], adobe(2)),
        "ycck-progressive": with_transform(saved(ycck_image, "JPEG", quality=90, progressive=True), 2),
        "ycck-progressive-420": with_transform(saved(ycck_image, "JPEG", quality=90, progressive=True, subsampling="4:2:0"), 2),
    }
    return {f"jpeg/{name}.jpg": data for name, data in files.items()}


def with_transform(data: bytes, transform: int) -> bytes:
    at = data.index(b"Adobe") + 11
    return data[:at] + bytes([transform]) + data[at + 1 :]


def png_files() -> dict[str, bytes]:
    cat = source("cat.png", (90, 40, 390, 240), (41, 29))
    rgb = np.asarray(cat)
    grey = np.asarray(cat.convert("L"))[:, :, None]
    fade = np.broadcast_to(np.linspace(0, 255, 41).astype(np.uint8)[None, :, None], grey.shape)
    # Low bytes that no decoder may round into the high ones.
    noise = (np.arange(rgb.size).reshape(rgb.shape) * 97 % 256).astype(np.uint16)

    def wide(samples: np.ndarray) -> np.ndarray:
        return samples.astype(np.uint16) << 8 | noise[:, :, : samples.shape[2]]

    quantized = cat.quantize(256, dither=Image.Dither.NONE)
    indices = {8: np.asarray(quantized)[:, :, None]}
    palettes = {8: bytes(quantized.getpalette()[: 3 * (int(indices[8].max()) + 1)])}
    for depth in (1, 2, 4):
        few = cat.quantize(1 << depth, dither=Image.Dither.NONE)
        indices[depth], palettes[depth] = np.asarray(few)[:, :, None], bytes(few.getpalette()[: 3 << depth])
    plte = {depth: chunk(b"PLTE", palette) for depth, palette in palettes.items()}
    files = {}
    for interlaced in (False, True):
        end = "-interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8):
            files[f"grey-{depth}{end}"] = png(grey >> (8 - depth), depth, 0, interlaced=interlaced)
            files[f"palette-{depth}{end}"] = png(indices[depth], depth, 3, interlaced=interlaced, before=plte[depth])
        files[f"rgb-8{end}"] = png(rgb, 8, 2, interlaced=interlaced)
        files[f"rgb-16{end}"] = png(wide(rgb), 16, 2, interlaced=interlaced)
        files[f"grey-16{end}"] = png(wide(grey), 16, 0, interlaced=interlaced)
        files[f"grey-alpha-8{end}"] = png(np.concatenate([grey, fade], 2), 8, 4, interlaced=interlaced)
        files[f"grey-alpha-16{end}"] = png(np.concatenate([wide(grey), wide(fade)], 2), 16, 4, interlaced=interlaced)
        files[f"rgba-8{end}"] = png(np.concatenate([rgb, fade], 2), 8, 6, interlaced=interlaced)
        files[f"rgba-16{end}"] = png(np.concatenate([wide(rgb), wide(fade)], 2), 16, 6, interlaced=interlaced)
    first = [int(v) for v in rgb[0, 0]]
    files |= {
        "rgb-8-transparent": png(rgb, 8, 2, before=chunk(b"tRNS", bytes([0, first[0], 0, first[1], 0, first[2]]))),
        "rgb-16-transparent": png(wide(rgb), 16, 2, before=chunk(b"tRNS", wide(rgb)[0, 0].astype(">u2").tobytes())),
        "grey-8-transparent": png(grey, 8, 0, before=chunk(b"tRNS", bytes([0, int(grey[0, 0, 0])]))),
        "grey-1-transparent": png(grey >> 7, 1, 0, before=chunk(b"tRNS", b"\0\1")),
        "grey-16-transparent": png(wide(grey), 16, 0, before=chunk(b"tRNS", wide(grey)[0, 0].astype(">u2").tobytes())),
        "palette-8-transparent": png(indices[8], 8, 3, before=plte[8] + chunk(b"tRNS", bytes(range(100, 200)))),
        "palette-4-transparent": png(indices[4], 4, 3, before=plte[4] + chunk(b"tRNS", bytes(16)), interlaced=True),
        "palette-too-short": png(indices[4], 4, 3, before=chunk(b"PLTE", palettes[4][:15])),
        "rgb-8-palette": png(rgb, 8, 2, before=plte[4]),
        "rgb-8-parts": png(rgb, 8, 2, part=100),
        "rgb-8-gamma": png(rgb, 8, 2, before=chunk(b"gAMA", (100000).to_bytes(4, "big")) + chunk(b"sBIT", b"\5\6\5")),
        "black-and-white": saved(cat.convert("1"), "PNG"),
        "animated": saved(cat, "PNG", save_all=True, append_images=[cat.rotate(180)]),
    }
    for width, height in [(1, 1), (1, 9), (2, 2), (3, 5), (5, 3), (9, 1)]:
        files[f"interlaced-{width}x{height}"] = png(rgb[:height, :width], 8, 2, interlaced=True)
        files[f"interlaced-{width}x{height}-1-bit"] = png(grey[:height, :width] >> 7, 1, 0, interlaced=True)
    return {f"png/{name}.png": data for name, data in files.items()}


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


def gif_files() -> dict[str, bytes]:
    galaxies = source("galaxies-beside.jpg", None, (60, 45))
    few = galaxies.quantize(16, dither=Image.Dither.NONE)
    indices, palette = np.asarray(few), bytes(few.getpalette()[:48])
    other = bytes(reversed(palette))
    files = {
        "plain": saved(galaxies, "GIF"),
        "pillow-interlaced": saved(galaxies, "GIF", interlace=True),
        "grey": saved(galaxies.convert("L"), "GIF"),
        "black-and-white": saved(galaxies.convert("1"), "GIF"),
        "animated": saved(galaxies, "GIF", save_all=True, append_images=[galaxies.rotate(180)]),
        "animated-transparent": saved(few, "GIF", save_all=True, append_images=[few.rotate(180)], transparency=3, disposal=2),
        "uncompressed": gif(indices, palette, bits=4),
        "interlaced": gif(indices, palette, bits=4, interlaced=True),
        "interlaced-3-rows": gif(indices[:3], palette, bits=4, interlaced=True),
        "transparent": gif(indices, palette, bits=4, transparent=5),
        "offset": gif(indices, palette, bits=4, canvas=(80, 60), at=(13, 7)),
        "offset-transparent": gif(indices, palette, bits=4, canvas=(80, 60), at=(13, 7), transparent=5),
        "offset-transparent-beyond-palette": gif(indices, palette, bits=4, canvas=(80, 60), at=(13, 7), transparent=200),
        "offset-interlaced": gif(indices, palette, bits=4, canvas=(80, 60), at=(20, 15), interlaced=True),
        "beyond-canvas": gif(indices, palette, bits=4, canvas=(30, 30), at=(5, 9)),
        "local-palette": gif(indices, other, bits=4, local=palette),
        "local-palette-only": gif(indices, None, bits=4, local=palette),
        "no-palette": gif(indices, None, bits=4),
        "palette-too-short": gif(indices, palette[:24], bits=4),
        "more-bits": gif(indices, palette, bits=7),
        "one-pixel": gif(indices[:1, :1], palette, bits=4),
        # Pillow takes the global palette here, where the standard says the local one.
        "local-grey-palette": gif(indices, palette, bits=4, local=bytes(i // 3 for i in range(48))),
    }
    return {f"gif/{name}.gif": data for name, data in files.items()}


def orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def oriented_files() -> dict[str, bytes]:
    """The same picture with each EXIF orientation, in every format that has one, and with others' ways to say it."""
    clock = source("clock.jpg", None, (24, 17))
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    big = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    long = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\x01\4\0\1\0\0\0\3\0\0\0\0\0\0\0"
    files = {f"exif-{value}.jpg": saved(clock, "JPEG", quality=90, exif=orientation(value)) for value in range(1, 9)}
    files |= {
        "exif-9.jpg": saved(clock, "JPEG", quality=90, exif=orientation(9)),
        "exif-none.jpg": saved(clock, "JPEG", quality=90),
        "exif-big-endian.jpg": saved(clock, "JPEG", quality=90, exif=big),
        "exif-long.jpg": saved(clock, "JPEG", quality=90, exif=long),
        "exif-damaged.jpg": saved(clock, "JPEG", quality=90, exif=big[:20]),
        "exif-8.png": saved(clock, "PNG", exif=orientation(8)),
        "exif-5.webp": saved(clock, "WEBP", lossless=True, exif=orientation(5)),
        "xmp-6.jpg": saved(clock, "JPEG", quality=90, xmp=xmp),
        "xmp-6.webp": saved(clock, "WEBP", lossless=True, xmp=xmp),
        "xmp-and-exif-3.jpg": saved(clock, "JPEG", quality=90, xmp=xmp, exif=orientation(3)),
    }
    return {f"oriented/{name}": data for name, data in files.items()}


def photo_files() -> dict[str, bytes]:
    """Photos for the whole way to a network's input that examples/photos has no like of."""
    cup, face, cat = "coffee.jpg", "astronaut.jpg", "cat.png"
    rgba = source(cat, None, (180, 120)).convert("RGBA")
    rgba.putalpha(Image.radial_gradient("L").resize(rgba.size))
    colours = planes(source("rocket.jpg", (40, 20, 400, 420), (270, 300)).convert("YCbCr"))
    files = {
        "landscape-progressive.jpg": saved(source(cup, None, (640, 427)), "JPEG", quality=70, progressive=True, subsampling="4:2:2"),
        "portrait.jpg": saved(source("rocket.jpg", (200, 0, 440, 427), (337, 600)), "JPEG", quality=70),
        "tall.jpg": saved(source(face, (200, 0, 260, 480), (80, 640)), "JPEG", quality=75),
        "wide.jpg": saved(source(cup, (0, 150, 600, 230), (640, 61)), "JPEG", quality=75),
        "smaller-than-crop.jpg": saved(source(face, (120, 0, 330, 280), (90, 120)), "JPEG", quality=85),
        "exactly-224.jpg": saved(source(cat, (60, 0, 360, 300), (224, 224)), "JPEG", quality=80),
        "exactly-256-high.jpg": saved(source(cup, None, (384, 256)), "JPEG", quality=70),
        "cmyk.jpg": saved(source(cup, None, (300, 200)).convert("CMYK"), "JPEG", quality=60),
        "440.jpg": jpeg(colours, [(1, 2), (1, 1), (1, 1)], jfif()),
        "alpha.png": saved(rgba, "PNG", optimize=True),
        "palette.png": saved(source(cat, None, (240, 160)).quantize(64), "PNG", optimize=True),
        "grey.png": saved(source("clock.jpg", None, (200, 150)).convert("L"), "PNG", optimize=True),
        "icon.png": saved(source(face, (150, 30, 290, 170), (16, 16)), "PNG"),
        "lossless.webp": saved(source("rocket.jpg", None, (190, 127)), "WEBP", lossless=True, method=6),
        "alpha.webp": saved(rgba.resize((320, 213)), "WEBP", quality=75),
        "photo.gif": saved(source(cup, None, (200, 133)).quantize(64), "GIF"),
    }
    return {f"photos/{name}": data for name, data in files.items()}


def sha(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def by_rule(name: str, data: bytes) -> np.ndarray | None:
    """The pixels of the few files that are read otherwise than Pillow reads them, on purpose (shared/preprocessing.md)."""
    if "grey-16" in name:
        # The high byte; Pillow clips at 255, so that nearly all is white.
        levels = (np.asarray(Image.open(io.BytesIO(data))).astype(np.uint16) >> 8).astype(np.uint8)
    elif "local-grey-palette" in name:
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
