"""JPEG files of every kind: Pillow's, and those of jpeg_encoder.py for what Pillow does not write."""
from jpeg_encoder import adobe, jfif
from jpeg_encoder import encode as jpeg
from PIL import Image
from pictures import planes, saved, source


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
