"""Training steps per second of JEM by PyTorch, on made-up CIFAR-10-shaped images.

    python tests/reference/step_speed.py --depth 28 --width 10 --device cuda

The step is that of JEM's script for p(x) and p(y|x) of equal weight: a chain from
the replay buffer, cross-entropy and the energies' difference on independent
batches, Adam. Network and chain are those of the twin of the fixtures; numbers
are torch's own, so that nothing but the step is timed. Beside it, on the same
machine and in the same call: `step_speed`, an example of jem-worker.
"""

import argparse
import pathlib
import sys
import time

import torch
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "crates/worker/tests/fixtures/training"))

import options  # noqa: E402
import twin  # noqa: E402

ROUNDS, REINIT, BUFFER = 5, 0.05, 10_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in [("depth", 28), ("width", 10), ("batch", 64), ("chain", 20), ("steps", 10)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main():
    asked = arguments()
    torch.set_num_threads(asked.threads)
    device, n = torch.device(asked.device), asked.batch
    spec = {"depth": asked.depth, "width": asked.width, "norm": "none", "dropout": 0,
            "activation": "leaky_relu"}
    model = options.Wrn(spec, (3, 32, 32), 10).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    images = torch.rand(2000, 3, 32, 32, device=device) * 2 - 1
    labels = torch.arange(2000, device=device) % 10
    buffer = torch.rand(BUFFER, 3, 32, 32, device=device) * 2 - 1
    sampler = {"steps": asked.chain, "step_size": 1.0, "noise_std": 0.01, "clamp": False}

    def batch():
        rows = torch.randint(2000, (n,), device=device)
        x = images[rows]
        return x + 0.03 * torch.randn_like(x), labels[rows]

    def step():
        rows = torch.randperm(BUFFER, device=device)[:n]
        anew = torch.rand(n, 1, 1, 1, device=device) < REINIT
        starts = torch.where(anew, torch.rand(n, 3, 32, 32, device=device) * 2 - 1, buffer[rows])
        samples = twin.langevin(model, starts, sampler, (-1, 1), lambda _: torch.randn_like(starts))
        buffer[rows] = samples
        (x, y), (unlabelled, _) = batch(), batch()
        gap = twin.energy(model(unlabelled)).mean() - twin.energy(model(samples)).mean()
        loss = F.cross_entropy(model(x), y) + gap
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()  # Waits for the device.

    for _ in range(3):
        step()
    rates = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(asked.steps):
            step()
        rates.append(asked.steps / (time.perf_counter() - begun))
    rates.sort()
    print(f"torch {torch.__version__}, {device}: median {rates[ROUNDS // 2]:.3f} steps/s "
          f"({rates[0]:.3f} to {rates[-1]:.3f}, n = {ROUNDS} rounds of {asked.steps}), "
          f"batch {n}, chains of {asked.chain} steps")


main()
