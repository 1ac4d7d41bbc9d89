"""GIF files: Pillow's, and those of gif_writer.py for palettes, frames and bits that Pillow does not write."""
import numpy as np
from gif_writer import encode as gif
from PIL import Image
from pictures import saved, source


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
