"""Photos for the whole way to a network's input, and one picture in every orientation."""
from jpeg_encoder import encode as jpeg
from jpeg_encoder import jfif
from PIL import Image
from pictures import orientation, planes, saved, source


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
