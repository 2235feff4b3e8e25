"""Reads what `jem table SPEC --out OUT --examples` wrote, and the safetensors
files of a store, with whatever versions of these packages are installed:

    python tests/reference/read_tables.py OUT [STORE]

`just readers` does so with the versions of readers-old.txt and readers-new.txt.

Tried with Python 3.7, 3.8, 3.10 and 3.12: pyarrow 8.0.0, 10.0.1, 14.0.2, 26.0.1;
pandas 1.3.5, 1.5.3, 2.0.3, 3.1.1; duckdb 0.7.1, 0.9.2, 2.0.1; polars 0.19.19, 2.1.0;
safetensors 0.2.5, 0.3.1, 0.8.0. Every table is opened and filtered by a column
of text; an error ends the script.
"""

import glob
import importlib
import json
import os
import sys


def package(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def tables(out):
    arrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    pandas, duckdb, polars = package("pandas"), package("duckdb"), package("polars")
    for path in sorted(glob.glob(os.path.join(out, "tables", "*.parquet"))):
        name = os.path.basename(path)
        column = "metric" if name in ("metrics.parquet", "cells.parquet") else "trial"
        value = parquet.read_table(path).column(column)[0].as_py()
        n = parquet.read_table(path, filters=[(column, "=", value)]).num_rows
        found = {"pyarrow " + arrow.__version__: n}
        if pandas:
            frame = pandas.read_parquet(path)
            found["pandas " + pandas.__version__] = len(frame[frame[column] == value])
            frame.sort_values(column)
        if duckdb:
            query = "select count(*) from '{}' where {} = '{}'".format(path, column, value)
            rows = duckdb.connect().execute(query).fetchall()
            found["duckdb " + duckdb.__version__] = rows[0][0]
        if polars:
            frame = polars.read_parquet(path).filter(polars.col(column) == value)
            found["polars " + polars.__version__] = frame.height
        assert n > 0 and len(set(found.values())) == 1, (name, found)
        print(name, column, "=", value, found)


def arrays(store):
    safetensors = package("safetensors")
    load = importlib.import_module("safetensors.numpy").load
    for manifest in glob.glob(os.path.join(store, "runs", "*", "manifest.json")):
        with open(manifest) as file:
            results = json.load(file)["results"]
        for name, artifact in results.items():
            if name.endswith(".safetensors"):
                digest = artifact["digest"]
                path = os.path.join(store, "objects", digest[:2], digest[2:])
                with open(path, "rb") as file:
                    shapes = {key: value.shape for key, value in load(file.read()).items()}
                version = getattr(safetensors, "__version__", "without a version")
                print(name, "safetensors", version, len(shapes), "arrays")


tables(sys.argv[1])
if len(sys.argv) > 2:
    arrays(sys.argv[2])
