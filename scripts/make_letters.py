#!/usr/bin/env python3
"""Makes crates/worker/src/data/letters.bin: letters of the DejaVu fonts.

The fonts are those of DejaVu 2.37, by their SHA-256; their folder is given,
such as `assets/dejavu-fonts-ttf-2.37/ttf` of the crate `dejavu`. Their licence
allows pictures of their letters to be copied and changed freely.

Every record is the letter (one byte), the number of its font, and 32×32 grey
values, 255 for ink: the letter is drawn 256 pixels high, cut to its ink, made
smaller (by the mean over the area of each pixel) so that its longer side is 32,
and put in the middle. Letters are left out that look like a digit once their size is
lost, or when they are turned a little (B D G I O Q S Z, b g i j l o q s y z),
and small letters that look like their capital (c k u v w x).

Made with Python 3.11 and Pillow 13.0.0.

    python3 scripts/make_letters.py FOLDER
"""

import hashlib
import pathlib
import sys

from PIL import Image, ImageDraw, ImageFont

LETTERS = "ACEFHJKLMNPRTUVWXY" + "adefhmnprt"
FONTS = {
    "DejaVuSans.ttf": "7da195a74c55bef988d0d48f9508bd5d849425c1770dba5d7bfc6ce9ed848954",
    "DejaVuSans-Bold.ttf": "e6476c1b80502924294eed40894c5b18e06c181444ca953e5334262df9c27724",
    "DejaVuSerif.ttf": "42d1edeb7952f31b1f96d767ed7030b08a39e0c372b0071641518864e2bffb51",
    "DejaVuSansMono-Oblique.ttf": "742097840c541870e8d6dc5c9b37bb1ceeea6c0dedd1d475faf903ef9df734b0",
}
SIDE = 32
TARGET = pathlib.Path(__file__).parent.parent / "crates/worker/src/data/letters.bin"


def glyph(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    page = Image.new("L", (640, 640), 0)
    ImageDraw.Draw(page).text((160, 160), letter, font=font, fill=255)
    ink = page.crop(page.getbbox())
    scale = SIDE / max(ink.size)
    size = tuple(max(1, round(side * scale)) for side in ink.size)
    small = ink.resize(size, Image.Resampling.BOX)
    square = Image.new("L", (SIDE, SIDE), 0)
    square.paste(small, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return square.tobytes()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    records = bytearray()
    for number, (name, expected) in enumerate(FONTS.items()):
        path = pathlib.Path(sys.argv[1]) / name
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            sys.exit(f"{path}: SHA-256 {found} where {expected} is expected")
        font = ImageFont.truetype(str(path), 256, layout_engine=ImageFont.Layout.BASIC)
        for letter in LETTERS:
            records += bytes([ord(letter), number]) + glyph(font, letter)
    TARGET.write_bytes(records)
    print(f"{TARGET}: {len(records)} bytes, SHA-256 {hashlib.sha256(records).hexdigest()}")


if __name__ == "__main__":
    main()
