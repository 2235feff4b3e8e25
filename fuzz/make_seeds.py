"""Writes the seeds of the binary readers: small valid files, and headers that lie.

    python3 fuzz/make_seeds.py

Standard library alone (written with Python 3.12). The seeds of the text readers
beside them were taken from real experiments and a real run, pictures from the
fixtures of the core crate.
"""

import gzip
import hashlib
import io
import json
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"
PICTURES = Path(__file__).parents[1] / "crates/core/tests/fixtures/images"


def put(target, name, data):
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def idx(dims, data):
    return bytes([0, 0, 8, len(dims)]) + b"".join(struct.pack(">I", d) for d in dims) + data


def packed(data):
    return gzip.compress(data, mtime=0)


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def pax(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.pax_headers = {"comment": "é"}
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def png(width, rows):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def safetensors(header, data):
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def sealed(record):
    """A record as the store writes it: the last field is the digest of the rest."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    seal = hashlib.sha256(text.encode()).hexdigest()
    return (text[: -len("\n}\n")] + f',\n  "seal": "{seal}"\n}}\n').encode()


def hexdigest(text):
    return hashlib.sha256(text.encode()).hexdigest()


images = idx([3, 2, 2], bytes(range(12)))
labels = idx([3], bytes([2, 0, 1]))
for name, data in {
    "images": images,
    "labels": labels,
    "images.gz": packed(images),
    "labels.gz": packed(labels),
    "two-members.gz": packed(images[:7]) + packed(images[7:]),
    "claims-a-petabyte": idx([90_000_000, 4096, 4096], b""),
    "claims-a-petabyte.gz": packed(idx([90_000_000, 4096, 4096], b"")),
    "holds-too-much.gz": packed(idx([3, 2, 2], bytes(100_000))),
}.items():
    put("idx_reader", name, data)

put("cifar_reader", "one", bytes([3]) + bytes(3072))
put("cifar_reader", "two", bytes([9]) + b"\x10" * 3072 + bytes([0]) + b"\xff" * 3072)

put("cifar_reader", "hundred", bytes([19, 99]) + b"\x10" * 3072)


def element(kind, data, small=True):
    if small and 0 < len(data) <= 4:
        return struct.pack("<HH", kind, len(data)) + data.ljust(4, b"\0")
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(name, dims, kind, data, flags=9):
    body = element(6, struct.pack("<II", flags, 0), False) + element(5, struct.pack(f"<{len(dims)}i", *dims))
    body += element(1, name) + (data if isinstance(data, bytes) and kind is None else element(kind, data))
    return struct.pack("<II", 14, len(body)) + body


def mat(*elements):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements)


def deflated(data):
    body = zlib.compress(data, 9)
    return struct.pack("<II", 15, len(body)) + body


digits = matrix(b"X", [32, 32, 3, 2], 2, bytes(i % 7 for i in range(6144)))
answers = matrix(b"y", [2, 1], 2, bytes([1, 10]))
reals = matrix(b"y", [2, 1], 9, struct.pack("<dd", 3.0, 10.0), 6)
lying = matrix(b"X", [32, 32, 3, 1_000_000], None, struct.pack("<II", 2, 3_072_000_000))
for name, data in {
    "plain": mat(digits, answers),
    "compressed": mat(deflated(digits), deflated(answers)),
    "reals": mat(deflated(reals), digits),
    "text-first": mat(matrix(b"t", [1, 4], 4, b"t\0e\0x\0t\0", 4), digits, answers),
    "claims-3-gigabytes": mat(deflated(lying), answers),
    "claims-3-gigabytes-in-all": mat(deflated(struct.pack("<II", 14, 0xF0000000) + lying[8:]), answers),
    "holds-too-much": mat(deflated(matrix(b"X", [32, 32, 3, 1], 2, bytes(10_000_000)))),
}.items():
    put("mat_reader", name, data)

members = [("a", b"first"), ("folder/b", b"second" * 20)]
for name, data in {
    "gnu.tar": tar(members),
    "gnu.tar.gz": packed(tar(members)),
    "long-name.tar.gz": packed(tar([("n" * 300, b"x"), *members])),
    "long-name-bomb.tar.gz": packed(tar([("n" * 50_000_000, b"x"), *members])),
    "pax.tar.gz": packed(pax(members)),
    "pax-long-name.tar.gz": packed(pax([("é" * 200, b"x"), *members])),
    "too-large.tar.gz": packed(tar([("a", bytes(5000))])),
    "stored.zip": zipped(members, zipfile.ZIP_STORED),
    "deflated.zip": zipped(members, zipfile.ZIP_DEFLATED),
    "too-large.zip": zipped([("a", bytes(5000))], zipfile.ZIP_DEFLATED),
}.items():
    put("archive_reader", name, data)

row = bytes(i % 7 for i in range(3072))
put("picture_reader", "one", b"[7]\0" + png(1024, [row]))
put("picture_reader", "two", b"[0,1]\0" + png(1024, [row, row]))
put("picture_reader", "narrow", b"[0,1]\0" + png(512, [row[:1536], row[:1536]]))

for name in ["grey.png", "palette.png", "opaque.png", "sixteen.png", "grey.jpg", "halved.jpg", "progressive.jpg"]:
    put("image_reader", name, (PICTURES / name).read_bytes())
with tarfile.open(PICTURES.parent / "pictures/matrix.tar.gz") as matrix:
    for name, member in {
        "scans.jpg": "sequential-three-2x2-three-9x15-smooth.jpg",
        "deep.jpg": "progressive-deep-2x1--9x15-smooth.jpg",
        "adobe.jpg": "colours-jfif0-adobe0-ids-9x15-smooth.jpg",
        "turned.jpg": "exif-6-1-9x15-smooth.jpg",
        "turned.png": "png-2-8-0-late-5x7.png",
        "interlaced.png": "png-2-16-1-plain-5x7.png",
    }.items():
        put("image_reader", name, matrix.extractfile(member).read())
put("image_reader", "large.png", png(2000, [bytes(6000)] * 500))
claimed = png(4, [bytes(12)])
put("image_reader", "claims-much.png", claimed[:16] + struct.pack(">II", 4096, 4096) + claimed[24:29] + struct.pack(">I", zlib.crc32(claimed[12:16] + struct.pack(">II", 4096, 4096) + claimed[24:29])) + claimed[33:])

pair = {"a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}, "b": {"dtype": "I64", "shape": [1], "data_offsets": [8, 16]}}
for name, data in {
    "pair": safetensors(pair, struct.pack("<ffq", 1.0, -0.0, -3)),
    "empty": safetensors({}, b""),
    "no-elements": safetensors({"a": {"dtype": "F32", "shape": [0, 1 << 40], "data_offsets": [0, 0]}}, b""),
    "claims-an-exabyte": safetensors({"a": {"dtype": "F32", "shape": [1 << 30, 1 << 30], "data_offsets": [0, 1 << 62]}}, b"1234"),
    "header-claims-an-exabyte": struct.pack("<Q", 1 << 60) + b"{}",
}.items():
    put("arrays_reader", name, data)

put("digest_parser", "digest", b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
put("digest_parser", "object", b'{"a":1.0,"b":{"c":"x","d":[1,2,{"e":null}]},"f":-0.0,"g":18446744073709551615}')

# Records with a seal; the names are those that the target asks for.
run, other = hexdigest("sealed"), hexdigest("other")
artifact = {"digest": hexdigest("tensors"), "size": 7}
known = json.loads((SEEDS / "record_reader" / "training-manifest.json").read_text())
code = {"training": hexdigest("training"), "evaluation": hexdigest("evaluation")}
for name, record in {
    "manifest.json": {**known, "format": 2},
    "checkpoint.json": {
        "format": 1, "run": run, "restart": 0, "step": 10, "standing": {"step": 10, "points": [5]},
        "state": artifact, "points": [artifact], "seconds": 1.5,
    },
    "accepted.json": {
        "format": 2, "wanted": {"training": other, "evaluation": run},
        "used": {"training": other, "evaluation": other}, "because": "a word", "by": "me@here",
        "at": "2026-01-01T00:00:00Z", "differs": ["environment: a → b"],
    },
    "commit.json": {
        "format": 2, "commit": "0123456789" * 4, "fingerprints": code,
        "parts": {"training": {"a.rs": other}, "evaluation": {}}, "binaries": {"jem": other},
        "cargo_lock": None, "at": "2026-01-01T00:00:00Z",
    },
    "tag.json": {
        "format": 1, "name": "sealed", "runs": [run, other], "note": "for table 2",
        "created": "2026-01-01T00:00:00Z",
    },
}.items():
    data = sealed(record)
    put("sealed_reader", name, data)
    # Its text alone: what a mutation changes there is sealed again.
    put("sealed_reader", name.replace(".", "-bare."), json.dumps(record, indent=2).encode() + b"\n")
holder = {"host": "box", "boot": "b", "pid_namespace": "pid:[1]", "pid": 7, "started": 9, "nonce": "n"}
put("sealed_reader", "lease", json.dumps(holder, separators=(",", ":")).encode())

report = {
    "format": 2, "command": "jem report a.toml", "version": "0.1.0", "commit": "1a2b3c4-dirty",
    "source": {"commit": "0123456789" * 4, "dirty": True, "diff": other,
               "untracked": [{"path": "src/new.rs", "digest": other}], "cargo_lock": other},
    "experiment": {"name": "a", "digest": other, "file": "experiments/a.toml"},
    "data": [["digits/digits.bin", other]],
    "runs": [{"trial": other, "training": run, "training_results": other, "evaluation": other,
              "evaluation_results": run, "accepted": "a word"}],
    "files": {"index.html": other},
}
put("report_manifest", "whole.json", json.dumps(report, indent=2).encode())
old = {key: report[key] for key in ("command", "version", "commit", "runs", "files")}
old["experiment"] = {"name": "a", "digest": other}
put("report_manifest", "version-1.json", json.dumps({"format": 1, **old}).encode())
put("report_manifest", "newer.json", b'{"format": 3, "more": []}')
