#!/usr/bin/env python3
"""Draw reports/showcase/ from a finished sweep-lambda: the report as Markdown,
its tables as text and its pictures, small enough to be committed.
Usage: make_showcase.py JEM"""

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


def main():
    jem = pathlib.Path(sys.argv[1]).resolve()
    showcase = ROOT / "reports" / "showcase"
    with tempfile.TemporaryDirectory() as name:
        full = pathlib.Path(name) / "report"
        subprocess.run([jem, "report", "experiments/sweep-lambda.toml", "--out", full],
                       check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        shutil.rmtree(showcase, ignore_errors=True)
        for path in sorted(full.rglob("*")):
            if path.suffix in KEPT and path.is_file() and path.stat().st_size <= LARGEST:
                target = showcase / path.relative_to(full)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    unlink_absent(showcase / "report.md")
    total = sum(path.stat().st_size for path in showcase.rglob("*") if path.is_file())
    print(f"reports/showcase: {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
