#!/usr/bin/env python3
"""Check that the newest report of an experiment holds what a report must:
every kind of file, whole, and as its manifest says. Usage: check_report.py NAME"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent


def fail(message):
    sys.exit(f"check_report: {message}")


def compile_table(tex):
    """Compiles the table where there is a LaTeX, in a folder that is thrown away."""
    if not shutil.which("pdflatex"):
        return "its LaTeX not compiled: no pdflatex here"
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", str(tex.resolve())],
            cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
        if said.returncode != 0:
            fail(f"{tex.name} does not compile:\n{said.stdout[-2000:]}")
    return "its LaTeX compiles"


def main():
    name = sys.argv[1]
    manifests = sorted(ROOT.glob(f"reports/*/{name}/manifest.json"), key=lambda p: p.stat().st_mtime)
    if not manifests:
        fail(f"no report of {name}; try: just {name}")
    folder = manifests[-1].parent
    manifest = json.loads(manifests[-1].read_text())
    for file, digest in manifest["files"].items():
        found = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        if found != digest:
            fail(f"{file} is not what the manifest says")
    files = set(manifest["files"])
    for kind in ("tables/*.md", "tables/*.csv", "tables/*.tex", "tables/*.parquet",
                 "charts/*.svg", "charts/*.png", "charts/*.csv"):
        if not list(folder.glob(kind)):
            fail(f"no {kind}")
    for needed in ("accuracy", "ece", "auroc", "reliability", "energ", "training", "samples"):
        if not any(needed in file for file in files if file.startswith("charts/")):
            fail(f"no chart of {needed} among {sorted(files)}")
    for png in folder.glob("charts/*.png"):
        data = png.read_bytes()
        if not data.startswith(b"\x89PNG") or b"IEND" not in data[-12:] or len(data) < 2000:
            fail(f"{png.name} is no whole picture")
    for svg in folder.glob("charts/*.svg"):
        xml.etree.ElementTree.parse(svg)
    for parquet in folder.glob("tables/*.parquet"):
        data = parquet.read_bytes()
        if data[:4] != b"PAR1" or data[-4:] != b"PAR1":
            fail(f"{parquet.name} is no whole Parquet file")
    compiled = compile_table(folder / "tables" / "paper-standalone.tex")
    page = (folder / "index.html").read_text()
    question = (ROOT / "experiments" / f"{name}.toml").read_text().split('question = "')[1].split('"')[0]
    for needed in (question, "<svg", manifest["commit"], "prefers-color-scheme", "@media print"):
        if needed not in page:
            fail(f"the page does not hold {needed!r}")
    for forbidden in ("http://", "src=\"charts"):
        if forbidden in page.replace("http://www.w3.org/", ""):
            fail(f"the page is not self-contained: {forbidden}")
    print(f"check_report: {folder.relative_to(ROOT)}: {len(files)} files, all as they must be; {compiled}")


if __name__ == "__main__":
    main()
