#!/usr/bin/env python3
"""Put libtorch 2.11.0 where cargo looks for it: `.libtorch` in the checkout.

The wheels are named and checksummed in `libtorch.lock` beside this file and
come through pip, so whatever index or mirror pip is set up with is used. The
unpacked library lives in the user's cache and `.libtorch` is a link to it:
ten checkouts share one copy, and nothing is fetched twice. Without an NVIDIA
driver only the members that CPU work needs are kept (0.5 GB instead of 3.8).

Safe to stop at any instant and start again: a wheel counts once its SHA-256
matches, the unpacked folder once it is renamed to its final name.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "libtorch.lock"
CHECKOUT = HERE.parent

# What CPU work needs out of the wheels. libtorch_cpu.so was linked against
# the CUDA runtime and CUPTI and does not load without those two.
CPU_MEMBERS = {
    "torch": (
        "torch/lib/libtorch_cpu.so",
        "torch/lib/libtorch.so",
        "torch/lib/libc10.so",
        "torch/lib/libgomp.so.1",
        "torch/include/",
        "torch-2.11.0.dist-info/licenses/",
    ),
    "nvidia-cuda-runtime": ("nvidia/cu13/lib/libcudart.so.13",),
    "nvidia-cuda-cupti": ("nvidia/cu13/lib/libcupti.so.13",),
}
# Never needed by a C++ program.
SKIP_SUFFIXES = (".py", ".pyi", ".pyc", ".a", "libtorch_python.so")


def die(message, hint):
    sys.exit(f"setup: {message}\n  try: {hint}")


def read_lock():
    """Rows of (name, version, sha256, cpu?) from the lock file."""
    rows = []
    for line in LOCK.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            group, pinned, digest = line.split()
            name, version = pinned.split("==")
            rows.append((name, version, digest, group == "cpu"))
    return rows


def has_nvidia_driver():
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def cache_root():
    base = os.environ.get("JEM_CACHE")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "jem"


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def pip_download(pip, name, version, digest, folder):
    """Download one wheel with pip, which verifies the pinned digest."""
    requirement = folder / f"{name}.txt"
    requirement.write_text(f"{name}=={version} --hash=sha256:{digest}\n")
    # The headers and shared objects are the same in every CPython build of a
    # wheel, so one build is pinned whatever this machine's Python is.
    command = pip + [
        "download", "--no-deps", "--require-hashes", "--only-binary=:all:",
        "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none",
        "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_27_x86_64",
        "--platform", "manylinux_2_25_x86_64", "--platform", "manylinux_2_24_x86_64",
        "--platform", "manylinux_2_18_x86_64", "--platform", "manylinux_2_17_x86_64",
        "--platform", "manylinux2014_x86_64", "--platform", "any",
        "--dest", str(folder), "-r", str(requirement),
    ]
    if not sys.stderr.isatty():
        command += ["--progress-bar", "off"]
    if subprocess.call(command, stdout=sys.stderr) != 0:
        die(f"pip could not download {name}=={version}",
            "check the network or pip's index settings, then run the same command again")


def wheel_of(pip, row, folder):
    """The path of a verified wheel, downloaded only if it is not there yet."""
    name, version, digest, _ = row
    kept = folder / f"{name}-{version}-{digest[:12]}.whl"
    if kept.exists() and sha256(kept) == digest:
        return kept
    part = folder / f"{name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    print(f"setup: fetching {name} {version}", file=sys.stderr, flush=True)
    pip_download(pip, name, version, digest, part)
    wheel = next(part.glob("*.whl"))
    if sha256(wheel) != digest:
        die(f"{wheel.name} does not have the pinned SHA-256", "run the same command again")
    wheel.rename(kept)
    shutil.rmtree(part)
    return kept


def wanted(name, member, cuda):
    if cuda:
        return not member.endswith(SKIP_SUFFIXES) and "dist-info" not in member
    return any(member == m or (m.endswith("/") and member.startswith(m)) for m in CPU_MEMBERS[name])


def unpack(wheel, name, target, cuda):
    root = target.resolve()
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if info.is_dir() or not wanted(name, info.filename, cuda):
                continue
            path = (root / info.filename).resolve()
            if not path.is_relative_to(root):
                die(f"{wheel.name} holds a path outside its folder: {info.filename}",
                    "delete the cache folder and run the same command again")
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, open(path, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)


def find_pip():
    for command in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        try:
            if subprocess.call(command + ["--version"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL) == 0:
                return command
        except OSError:
            continue
    die("pip was not found", "sudo apt-get install python3-pip python3-venv")


def link(target):
    """Point `.libtorch` at the unpacked folder by an atomic rename."""
    place = CHECKOUT / ".libtorch"
    if place.is_symlink() and Path(os.readlink(place)) == target:
        return
    if place.exists() and not place.is_symlink():
        die(f"{place} is not a link that setup made", f"mv {place} {place}.old")
    fresh = CHECKOUT / f".libtorch.{os.getpid()}"
    fresh.symlink_to(target)
    fresh.rename(place)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu", action="store_true", help="the CPU part even beside a GPU")
    parser.add_argument("--cuda", action="store_true", help="the CUDA stack even without a driver")
    options = parser.parse_args()
    cuda = options.cuda or (has_nvidia_driver() and not options.cpu)
    rows = [row for row in read_lock() if cuda or row[3]]
    key = hashlib.sha256(repr((rows, CPU_MEMBERS, SKIP_SUFFIXES)).encode()).hexdigest()[:12]
    target = cache_root() / f"libtorch-2.11.0-{'cuda' if cuda else 'cpu'}-{key}"
    cache_root().mkdir(parents=True, exist_ok=True)
    with open(cache_root() / "setup.lock", "w") as lock:
        # One setup at a time; the lock goes with the process that holds it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        install(rows, target, cuda)
    link(target)


def install(rows, target, cuda):
    """Fetch and unpack into `target`, unless it is there; sweep what setups
    that were killed left behind."""
    for leftover in cache_root().glob("libtorch-*.part*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if not target.exists():
        wheels = cache_root() / "wheels"
        wheels.mkdir(parents=True, exist_ok=True)
        pip = find_pip()
        fresh = target.with_name(f"{target.name}.part{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fetched = [(wheel_of(pip, row, wheels), row[0]) for row in rows]
        print(f"setup: unpacking libtorch into {target}", file=sys.stderr, flush=True)
        for wheel, name in fetched:
            unpack(wheel, name, fresh, cuda)
        os.sync()
        fresh.rename(target)
        for wheel, _ in fetched:
            wheel.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
