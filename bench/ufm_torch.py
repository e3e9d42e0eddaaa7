#!/usr/bin/env python3
"""Seconds of gradient descent on unconstrained features in PyTorch, on one thread: a peer of `ncbench`'s ufm steps.

Eager, one trial, as the field's scripts write it: the objective, cross-entropy of W h + b and the decays of all three,
differentiated backward at each step, and fused SGD with momentum. `--decay optimizer` leaves the decays to the optimiser,
which is less work: no step has the value of the objective then.

    python3 bench/ufm_torch.py START.npz --steps 100 --stepwise

START.npz as for ufm_jax.py; its first trial is trained. Each line on standard input is answered by `seconds S` for all
steps from the start and `objective_0`, the objective with its decays before the last move.
"""

import argparse
import sys
import time

import numpy as np
import torch
from torch.nn import functional


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--precision", choices=["float32", "float64"], default="float32")
    parser.add_argument("--decay", choices=["objective", "optimizer"], default="objective")
    parser.add_argument("--stepwise", action="store_true", help="wait for a line on standard input before each turn")
    options = parser.parse_args()

    torch.set_num_threads(1)
    start = np.load(options.start)
    dtype = getattr(torch, options.precision)
    labels = torch.tensor(start["labels"].astype(np.int64))
    decay = float(start["lambda"][0])
    # Samples are rows, as PyTorch's losses want them.
    first = [
        torch.tensor(start["W"][0], dtype=dtype), torch.tensor(start["H"][0].T.copy(), dtype=dtype),
        torch.zeros(start["W"].shape[1], dtype=dtype),
    ]

    in_objective = options.decay == "objective"

    def decays(tensors):
        return decay / 2 * sum((tensor**2).sum() for tensor in tensors)

    def turn():
        W, H, b = parameters = [tensor.clone().requires_grad_() for tensor in first]
        optimizer = torch.optim.SGD(
            parameters, lr=options.rate, momentum=options.momentum, weight_decay=0 if in_objective else decay, fused=True
        )
        clock = time.perf_counter()
        for step in range(options.steps):
            optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(functional.linear(H, W, b), labels)
            if in_objective:
                loss = loss + decays(parameters)
            loss.backward()
            if step == options.steps - 1:
                seconds = time.perf_counter() - clock
                with torch.no_grad():
                    objective = (loss if in_objective else loss + decays(parameters)).item()
                clock = time.perf_counter()
            optimizer.step()
        return seconds + time.perf_counter() - clock, objective

    turn()
    while not options.stepwise or sys.stdin.readline():
        seconds, objective = turn()
        print(f"seconds {seconds:.6f} objective_0 {objective:.12e}", flush=True)
        if not options.stepwise:
            return


if __name__ == "__main__":
    main()
