"""PNG files of every colour type, depth and interlacing, with what may stand before the pixels."""
import numpy as np
from PIL import Image
from pictures import saved, source
from png_writer import chunk
from png_writer import encode as png


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
