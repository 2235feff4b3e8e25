#!/usr/bin/env python3
"""Draw reports/showcase/NAME/ from finished experiments: each report as Markdown,
its tables as text and its pictures, small enough to be committed.
Usage: make_showcase.py JEM [NAME]..., without a name sweep-lambda. JEM is
target/debug/jem of the checkout whose store holds the runs."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = (".md", ".png", ".svg", ".csv", ".tex")
LARGEST = 250_000


def unlink_absent(page):
    """Turn links to files that were left out into plain text."""
    def kept(match):
        target = page.parent / match.group(2)
        return match.group(0) if target.exists() or "#" in match.group(2) else match.group(1)
    page.write_text(re.sub(r"(?<!!)\[([^\]]*)\]\(([^)]*)\)", kept, page.read_text()))


def draw(jem, experiment):
    showcase = ROOT / "reports" / "showcase" / experiment
    with tempfile.TemporaryDirectory() as name:
        full = pathlib.Path(name) / "report"
        subprocess.run([jem, "report", f"experiments/{experiment}.toml", "--out", full],
                       check=True, cwd=jem.parents[2], stdout=subprocess.DEVNULL)
        shutil.rmtree(showcase, ignore_errors=True)
        for path in sorted(full.rglob("*")):
            if path.suffix in KEPT and path.is_file() and path.stat().st_size <= LARGEST:
                target = showcase / path.relative_to(full)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    unlink_absent(showcase / "report.md")
    total = sum(path.stat().st_size for path in showcase.rglob("*") if path.is_file())
    print(f"{showcase.relative_to(ROOT)}: {total / 1e6:.1f} MB")


def main():
    for experiment in sys.argv[2:] or ["sweep-lambda"]:
        draw(pathlib.Path(sys.argv[1]).resolve(), experiment)


if __name__ == "__main__":
    main()
