#!/usr/bin/env python3
"""Planning time at 1,000 and 100,000 trials: `jem plan --summary`, process
start included, median of several runs. Usage: plan_timing.py JEM"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SPEC = """question = "How long does planning take?"
seeds = {seeds}
[data]
train = "digits"
validation = 200
[evaluate]
ood = ["rotated", "uniform-noise"]
[[sweep]]
grid.objective.lambda = {{ linspace = [0, 10, {lambdas}] }}
grid.sampler.steps = {{ range = [10, 55, 5] }}
"""


def timed(jem, path, folder, arguments):
    begun = time.perf_counter()
    subprocess.run([jem, *arguments, str(path), "--results", str(folder / "results")],
                   check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main():
    jem = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for lambdas, seeds, runs in ((20, 5, 11), (1000, 10, 5)):
            path = folder / f"trials-{lambdas * 10 * seeds}.toml"
            path.write_text(SPEC.format(lambdas=lambdas, seeds=seeds))
            for arguments in (["plan", "--summary"], ["plan"]):
                times = [timed(jem, path, folder, arguments) for _ in range(runs)]
                print(f"{lambdas * 10 * seeds:>7} trials, jem {' '.join(arguments):<14} "
                      f"median {statistics.median(times) * 1000:8.1f} ms "
                      f"(n = {runs}, {min(times) * 1000:.1f} to {max(times) * 1000:.1f})")


if __name__ == "__main__":
    main()
