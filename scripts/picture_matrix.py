"""Pictures in rare encodings, and how far this decoder is from libjpeg's and libpng's.

    cargo build -p jem-core --example decode_pictures
    python scripts/picture_matrix.py target/debug/examples/decode_pictures   # the whole matrix
    python scripts/picture_matrix.py --fixture crates/core/tests/fixtures/pictures/matrix.tar.gz

The whole matrix is 23,060 JPEG and 2,280 PNG files: encodings (sequential and progressive, scans
of any components, restart intervals, optimised and extreme tables, colour markers) × sampling
factors × sizes, and bit depths × colour types × interlacing × metadata. Of each the largest
difference from Pillow is printed by kind, and which kinds are refused. The fixture is a part of it
with what Pillow reads; `crates/core/tests/pictures.rs` holds the decoder to it.

Made with cjpeg of libjpeg-turbo 2.1.5 (Debian's libjpeg-turbo-progs), Pillow 13.0.0 (libjpeg-turbo
3.2.0), imagecodecs 2026.3.6 (12 bits, lossless, YCCK) and numpy 2.
"""

import collections
import gzip
import io
import itertools
import json
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image, ImageOps

SCANS = {  # sequential: components of each scan
    "one": None, "three": "0;1;2;", "two": "0;1,2;", "dctwo": "0,1;2;", "rev": "2;1;0;",
}
AC = "0: 1-63,0,0;1: 1-63,0,0;2: 1-63,0,0;"
PROGRESSIVE = {
    "default": None,
    "plain": "0,1,2: 0-0,0,0;" + AC,
    "alone": "0: 0-0,0,0;1: 0-0,0,0;2: 0-0,0,0;" + AC,
    "deep": "0,1,2: 0-0,0,2;" + "".join(f"{c}: 1-63,0,3;" for c in range(3))
    + "".join(f"{c}: 1-63,3,2;" for c in range(3)) + "0,1,2: 0-0,2,1;0,1,2: 0-0,1,0;"
    + "".join(f"{c}: 1-63,2,1;{c}: 1-63,1,0;" for c in range(3)),
    "bands": "0,1,2: 0-0,0,0;0: 1-5,0,0;0: 6-20,0,0;0: 21-63,0,0;1: 1-63,0,0;2: 1-63,0,0;",
    "partial": "0,1,2: 0-0,0,0;0: 1-5,0,0;",
}
SAMPLES = """1x1 2x1 1x2 2x2 4x1 1x4 4x2 2x4 4x4 3x1 1x3 3x3 3x2 2x3 1x1,2x2,2x2 2x2,2x1,1x2
1x1,2x1,1x1 2x1,1x2,1x1 2x2,1x1,2x2 2x2,2x2,2x2 2x1,2x1,2x1 1x2,1x2,1x2 4x2,2x1,2x2 2x2,2x1,2x1
2x2,1x2,1x2 3x1,2x1,1x1 4x4,4x4,4x4 4x1,2x1,1x1""".split()
RESTARTS = {"": [], "block": ["-restart", "1B"], "row": ["-restart", "1"], "three": ["-restart", "3B"]}
SIZES = [(16, 16), (8, 8), (1, 1), (7, 9), (17, 31), (33, 15), (32, 32), (40, 23), (3, 50), (65, 64)]


def image(h, w, kind):
    r, c = np.mgrid[0:h, 0:w]
    if kind == "noise":
        return np.random.default_rng(h * 1000 + w).integers(0, 256, (h, w, 3)).astype(np.uint8)
    planes = [128 + 100 * np.sin(r / 5), 128 + 100 * np.cos(c / 6), 255 - (r * 3 + c * 2) % 256]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def cjpeg(pixels, arguments, scans=None):
    """A JPEG file by cjpeg; none where it refuses (more than 10 blocks in a unit)."""
    h, w = pixels.shape[:2]
    with tempfile.NamedTemporaryFile("w", suffix=".scans") as file:
        if scans:
            file.write(scans.replace(";", ";\n"))
            file.flush()
            arguments = [*arguments, "-scans", file.name]
        made = subprocess.run(["cjpeg", *arguments], input=b"P6\n%d %d\n255\n" % (w, h) + pixels.tobytes(),
                              capture_output=True)
    return made.stdout if made.returncode == 0 else None


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def marked(jpeg, jfif, adobe, ids):
    """The same scans with other markers of colours."""
    at = 2
    while jpeg[at + 1] in (0xE0, 0xEE):
        at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
    head = b"\xff\xd8"
    if jfif:
        head += segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    if adobe is not None:
        head += segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([adobe]))
    body = bytearray(jpeg[at:])
    if ids:
        frame = body.index(b"\xff\xc0")
        known = [body[frame + 10 + 3 * i] for i in range(3)]
        for i in range(3):
            body[frame + 10 + 3 * i] = ids[i]
        scan = body.index(b"\xff\xda")
        for i in range(3):
            body[scan + 5 + 2 * i] = ids[known.index(body[scan + 5 + 2 * i])]
    return head + bytes(body)


def exif(code, big=False):
    """A TIFF block with an orientation alone."""
    o = ">" if big else "<"
    return (b"MM\0*" if big else b"II*\0") + struct.pack(o + "IHHHIHHI", 8, 1, 0x112, 3, 1, code, 0, 0)


def jpegs(sizes, samples, restarts, kinds):
    for (h, w), kind in itertools.product(sizes, kinds):
        a, at = image(h, w, kind), f"{h}x{w}-{kind}"
        for s, (restart, more) in itertools.product(samples, restarts.items()):
            tail = f"{s.replace(',', '_')}-{restart}-{at}.jpg"
            options = ["-quality", "90", "-sample", s, *more]
            for name, scans in SCANS.items():
                yield f"sequential-{name}-{tail}", cjpeg(a, options, scans)
            for name, scans in PROGRESSIVE.items():
                way = [] if scans else ["-progressive"]
                yield f"progressive-{name}-{tail}", cjpeg(a, options + way, scans)
        for s, (restart, more) in itertools.product(["1x1", "2x1", "2x2", "4x4"], restarts.items()):
            grey = ["-grayscale", "-sample", s, *more]
            yield f"grey-sequential-{s}-{restart}-{at}.jpg", cjpeg(a, grey)
            yield f"grey-progressive-{s}-{restart}-{at}.jpg", cjpeg(a, [*grey, "-progressive"])
        for name, options in {
            "optimised": ["-optimize"], "quality1": ["-quality", "1"], "quality100": ["-quality", "100"],
            "baseline1": ["-quality", "1", "-baseline"], "rgb": ["-rgb"], "rgbprogressive": ["-rgb", "-progressive"],
            "arithmetic": ["-arithmetic"], "arithmeticprogressive": ["-arithmetic", "-progressive"],
        }.items():
            yield f"tables-{name}-{at}.jpg", cjpeg(a, options)
        plain = cjpeg(a, ["-quality", "90", "-sample", "1x1"])
        for jfif, adobe, ids in itertools.product([0, 1], [None, 0, 1, 2], [None, b"RGB", b"\1\x22\x23", b"abc"]):
            name = f"colours-jfif{jfif}-adobe{adobe}-{ids.hex() if ids else 'ids'}-{at}.jpg"
            yield name, marked(plain, jfif, adobe, ids)
        for code, big in itertools.product(range(10), [False, True]):
            block = segment(0xE1, b"Exif\0\0" + exif(code, big))
            yield f"exif-{code}-{int(big)}-{at}.jpg", plain[:2] + block + plain[2:]
        wide = a.astype(np.uint16) * 16
        yield f"refused-12bits-{at}.jpg", imagecodecs.jpeg8_encode(wide, level=90, bitspersample=12)
        yield f"refused-lossless-{at}.jpg", imagecodecs.jpeg8_encode(a, lossless=True)
        four = np.dstack([a, a[..., :1]])
        for space in ["CMYK", "YCCK"]:
            made = imagecodecs.jpeg8_encode(four, level=90, colorspace="CMYK", outcolorspace=space)
            yield f"refused-{space}-{at}.jpg", made
        yield f"refused-cut-{at}.jpg", plain[:-2]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(rows, depth):
    """Rows `[h, n]` of values as PNG lines with filters 0 to 4 in turn."""
    lines, before, step = [], None, 0
    for y, row in enumerate(rows):
        if depth == 16:
            line = row.astype(">u2").tobytes()
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8).ravel()
            line = np.packbits(bits).tobytes()
        lines.append(b"\0" + line if y % 2 == 0 or before is None else
                     b"\2" + bytes((a - b) % 256 for a, b in zip(line, before)))
        before = line
    return b"".join(lines)


ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def png(values, depth, colour, interlaced=False, chunks=(), behind=()):
    """`values` `[h, w, c]` as a PNG of the colour type `colour`."""
    h, w = values.shape[:2]
    parts = [values[r::dr, c::dc] for r, c, dr, dc in ADAM7] if interlaced else [values]
    data = b"".join(packed(p.reshape(p.shape[0], -1), depth) for p in parts if p.size)
    head = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, int(interlaced))
    body = b"".join(chunk(*one) for one in chunks)
    end = b"".join(chunk(*one) for one in behind)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IDAT", zlib.compress(data)) + end + chunk(b"IEND", b"")


CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}


def pngs(sizes):
    for (h, w), colour in itertools.product(sizes, CHANNELS):
        for depth, interlaced in itertools.product(DEPTHS[colour], [False, True]):
            most = 2**depth - 1
            values = np.random.default_rng(h + w).integers(0, most + 1, (h, w, CHANNELS[colour]))
            if colour in (4, 6):
                values[..., -1] = most
            palette = np.random.default_rng(3).integers(0, 256, (min(most + 1, 256), 3)).astype(np.uint8)
            own = [(b"PLTE", palette.tobytes())] if colour == 3 else []
            width = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}[colour]
            for name, before, behind in [
                ("plain", [], []),
                ("gama", [(b"gAMA", struct.pack(">I", 100000))], []),
                ("srgb", [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 45455))], []),
                ("iccp", [(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 128))], []),
                ("sbit", [(b"sBIT", bytes([min(depth, 8) if colour != 3 else 5] * width))], []),
                ("exif", [(b"eXIf", exif(6))], []),
                ("late", [], [(b"eXIf", exif(3, True))]),
            ]:
                yield (f"png-{colour}-{depth}-{int(interlaced)}-{name}-{h}x{w}.png",
                       png(values, depth, colour, interlaced, before + own, behind))
            if colour == 0:
                key = (b"tRNS", struct.pack(">H", int(values[0, 0, 0])))
                yield f"refused-trns-{depth}-{int(interlaced)}-{h}x{w}.png", png(values, depth, colour, interlaced, [key])
            if colour == 3:
                clear = own + [(b"tRNS", b"\0" * len(palette))]
                yield f"refused-trns3-{depth}-{int(interlaced)}-{h}x{w}.png", png(values, depth, colour, interlaced, clear)


def reference(name, data):
    """Planes by Pillow, upright; of 16 bits the higher 8. None where it refuses."""
    try:
        read = Image.open(io.BytesIO(data))
        read.load()
        read = ImageOps.exif_transpose(read)
    except Exception:  # Whatever it says, it is no reference then.
        return None
    if read.mode == "I;16":
        planes = (np.array(read) >> 8).astype(np.uint8)
    else:
        read = read.convert({"1": "L", "P": "RGB", "LA": "L", "RGBA": "RGB"}.get(read.mode, read.mode))
        planes = np.array(read)
    if name.startswith("png-4") and planes.ndim == 3:
        # Pillow makes colours of grey with 16 bits of alpha.
        planes = planes[..., 0]
    return planes[None] if planes.ndim == 2 else planes.transpose(2, 0, 1)


def matrix():
    yield from jpegs(SIZES, SAMPLES, RESTARTS, ["smooth", "noise"])
    yield from pngs(SIZES)


def kind_of(name):
    return "-".join(name.split("-")[:3 if name.startswith(("seq", "prog", "grey")) else 2])


def compare(program):
    with tempfile.TemporaryDirectory() as folder:
        known = {}
        for name, data in matrix():
            if data:
                (Path(folder) / name).write_bytes(data)
                known[name] = data
        paths = "".join(f"{folder}/{name}\n" for name in known)
        said = subprocess.run([program], input=paths, capture_output=True, text=True, check=True).stdout
        kinds = collections.defaultdict(lambda: [0, 0, collections.Counter()])
        for line in said.splitlines():
            path, found = line.split("\t")
            name = Path(path).name
            kind = kinds[kind_of(name)]
            kind[0] += 1
            if found.startswith("error: "):
                kind[2][found[7:90]] += 1
                continue
            expected = reference(name, known[name])
            shape = [int(n) for n in found.split()]
            if expected is None or list(expected.shape) != shape:
                kind[2][f"NOT LIKE PILLOW: {shape}"] += 1
                continue
            planes = np.frombuffer(Path(path + ".planes").read_bytes(), np.uint8).reshape(shape)
            kind[1] = max(kind[1], int(np.abs(planes.astype(int) - expected).max()))
    for name, (count, worst, refused) in sorted(kinds.items()):
        print(f"{name}: {count} files, largest difference {worst}", dict(refused) or "")
    largest = max(worst for _, worst, _ in kinds.values())
    print(f"{len(known)} files, {sum(sum(k[2].values()) for k in kinds.values())} refused, largest difference {largest}")


def fixture(path):
    """A part of the matrix, each kind at least once at sizes that are no multiples of a block."""
    some = ["1x1", "2x1", "1x2", "2x2", "4x1", "1x1,2x2,2x2", "2x1,1x2,1x1"]
    three = {"three": RESTARTS["three"]}
    wanted = itertools.chain(
        jpegs([(9, 15)], some, {"": []}, ["smooth"]),
        jpegs([(9, 15)], ["2x2"], three, ["smooth"]),
        jpegs([(33, 15)], ["4x2,2x1,2x2", "3x2"], {"": []}, ["smooth"]),
        pngs([(5, 7)]),
    )
    files, shapes = {}, {}
    for name, data in wanted:
        kind, _, *rest = name.split("-")
        # Metadata once for each colour type, and what has nothing to do with size once.
        repeated = kind == "png" and rest[2] != "plain" and rest[:2] != ["8", "0"]
        repeated |= kind in ("colours", "exif", "tables", "refused") and "33x15" in name
        if not data or name in files or repeated:
            continue
        planes = None if name.startswith("refused") else reference(name, data)
        shapes[name] = list(planes.shape) if planes is not None else None
        files[name] = data
        if planes is not None:
            files[name + ".planes"] = planes.tobytes()
    files["shapes.json"] = json.dumps(shapes).encode()
    packed_files = io.BytesIO()
    with tarfile.open(fileobj=packed_files, mode="w", format=tarfile.USTAR_FORMAT) as out:
        # Equal planes beside each other, which compresses well.
        like = lambda item: (files.get(item[0].removesuffix(".planes") + ".planes", b""), item[0])
        for name, content in sorted(files.items(), key=like):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    path.write_bytes(gzip.compress(packed_files.getvalue(), 9, mtime=0))


if __name__ == "__main__":
    if sys.argv[1] == "--fixture":
        fixture(Path(sys.argv[2]))
    else:
        compare(sys.argv[1])
