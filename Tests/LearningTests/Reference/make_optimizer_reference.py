#!/usr/bin/env python3
"""Writes optimizers.json: what PyTorch's optimisers and schedules do, in float64, for OptimizerReferenceTests.swift.

Each method makes ten steps on eight parameters in three groups, with gradients that depend on the parameters, and a
learning rate that changes half-way.  Run with torch 2.13: python3 make_optimizer_reference.py > optimizers.json
"""

import json

import torch

STEPS = 10


def methods():
    """Name, settings for Swift, and a maker of the optimiser for parameter groups with their own weight decay."""
    for decay in ([0, 0, 0], [0.1, 0.1, 0.1], [0.05, 0, 0.2]):
        for momentum in (0.0, 0.9):
            yield "sgd", {"momentum": momentum}, decay, lambda g, m=momentum: torch.optim.SGD(g, lr=0, momentum=m)
        yield (
            "nesterov",
            {"momentum": 0.8},
            decay,
            lambda g: torch.optim.SGD(g, lr=0, momentum=0.8, nesterov=True),
        )
        for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
            for settings in ((0.9, 0.999, 1e-8), (0.7, 0.95, 1e-3), (0.3, 0.5, 1e-8)):
                yield (
                    name,
                    dict(zip(("beta1", "beta2", "epsilon"), settings)),
                    decay,
                    lambda g, k=kind, s=settings: k(g, lr=0, betas=s[:2], eps=s[2]),
                )


def gradient(parameters, step):
    """sin(3x) + (i − 3)/10 · cos(step), a wavy valley with a push that changes."""
    index = torch.arange(len(parameters), dtype=torch.float64)
    return torch.sin(3 * parameters) + (index - 3) / 10 * torch.cos(torch.tensor(float(step), dtype=torch.float64))


def run(make, decay):
    slices = [3, 4, 1]
    start = torch.tensor([0.3 * (i + 1) * (-1) ** i for i in range(8)], dtype=torch.float64)
    parts = [torch.nn.Parameter(p.clone()) for p in start.split(slices)]
    optimizer = make([{"params": [p], "weight_decay": d} for p, d in zip(parts, decay)])
    rows = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 if step < 5 else 0.02
        whole = gradient(torch.cat([p.detach() for p in parts]), step)
        for part, g in zip(parts, whole.split(slices)):
            part.grad = g.clone()
        optimizer.step()
        rows.append(torch.cat([p.detach() for p in parts]).tolist())
    return [rows[0], rows[4], rows[-1]]


def schedules():
    """Rates of every step of 12 epochs of 4 steps, base rate 0.3."""
    parameter = torch.nn.Parameter(torch.zeros(1))

    def rates(make):
        optimizer = torch.optim.SGD([parameter], lr=0.3)
        scheduler = make(optimizer)
        result = []
        for _ in range(48):
            result.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return result

    sched = torch.optim.lr_scheduler
    return {
        "constant": rates(lambda o: sched.ConstantLR(o, factor=1)),
        "step(0.2, 3, 7)": rates(lambda o: sched.MultiStepLR(o, [12, 28], gamma=0.2)),
        "cosine": rates(lambda o: sched.CosineAnnealingLR(o, 48)),
        "cosine(0.05)": rates(lambda o: sched.CosineAnnealingLR(o, 48, eta_min=0.05 * 0.3)),
        # The first step has 1/12 of the base rate, the twelfth all of it.
        "warmup(3, cosine)": rates(
            lambda o: sched.SequentialLR(
                o,
                [
                    sched.LinearLR(o, start_factor=1 / 12, end_factor=1, total_iters=11),
                    sched.CosineAnnealingLR(o, 36),
                ],
                milestones=[12],
            )
        ),
    }


def main():
    cases = [
        {"method": name, "settings": settings, "decay": decay, "parameters": run(make, decay)}
        for name, settings, decay, make in methods()
    ]
    print(json.dumps({"torch": torch.__version__, "cases": cases, "schedules": schedules()}, indent=0))


if __name__ == "__main__":
    main()
