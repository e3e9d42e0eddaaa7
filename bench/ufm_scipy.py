#!/usr/bin/env python3
"""Seconds until L-BFGS-B of SciPy reaches the optimum of unconstrained features: a peer of `ncbench`'s ufm answers.

One trial after the other in float64, objective and gradient in NumPy with BLAS for every product; a trial ends where its
gap to the known optimum is small enough, which a callback tells at each iteration.

    OPENBLAS_NUM_THREADS=1 python3 bench/ufm_scipy.py START.npz --gap 1e-8 --stepwise

START.npz holds W (trials x K x d), H (trials x d x N), labels (N), lambda (trials) and optimum (trials). Each line on
standard input is answered by `seconds S` for all trials, how many `reached` the gap and the mean number of `iterations`.
"""

import argparse
import sys
import time

import numpy as np
from scipy.optimize import minimize


class Objective:
    def __init__(self, classes, dimension, labels, decay):
        self.K, self.d, self.N = classes, dimension, len(labels)
        self.decay = decay
        self.labels, self.columns = labels, np.arange(self.N)
        self.parts = np.cumsum([classes * dimension, dimension * self.N])
        self.gradient = np.empty(self.parts[1] + classes)

    def __call__(self, x):
        W, H, b = x[: self.parts[0]], x[self.parts[0] : self.parts[1]], x[self.parts[1] :]
        W, H = W.reshape(self.K, self.d), H.reshape(self.d, self.N)
        z = W @ H
        z += b[:, None]
        z -= z.max(axis=0)
        own = z[self.labels, self.columns].sum()
        np.exp(z, out=z)
        total = z.sum(axis=0)
        loss = (np.log(total).sum() - own) / self.N
        z /= total * self.N
        z[self.labels, self.columns] -= 1 / self.N
        g = self.gradient
        np.dot(z, H.T, out=g[: self.parts[0]].reshape(self.K, self.d))
        np.dot(W.T, z, out=g[self.parts[0] : self.parts[1]].reshape(self.d, self.N))
        z.sum(axis=1, out=g[self.parts[1] :])
        decayed = self.parts[1]
        g[:decayed] += self.decay * x[:decayed]
        return loss + self.decay / 2 * np.dot(x[:decayed], x[:decayed]), g.copy()


def minimise(objective, start, optimum, gap):
    iterations = 0

    def stop(intermediate_result):
        nonlocal iterations
        iterations += 1
        if intermediate_result.fun - optimum <= gap * optimum:
            raise StopIteration

    options = {"maxcor": 20, "ftol": 0, "gtol": 0, "maxiter": 20_000, "maxfun": 100_000}
    end = minimize(objective, start, jac=True, method="L-BFGS-B", callback=stop, options=options)
    return end.fun - optimum <= gap * optimum, iterations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start")
    parser.add_argument("--gap", type=float, default=1e-8)
    parser.add_argument("--stepwise", action="store_true", help="wait for a line on standard input before each turn")
    options = parser.parse_args()

    start = np.load(options.start)
    W, H, labels = (start[name] for name in ("W", "H", "labels"))
    trials, K, d = W.shape
    points = [np.concatenate([W[i].ravel(), H[i].ravel(), np.zeros(K)]).astype(np.float64) for i in range(trials)]
    objectives = [Objective(K, d, labels, decay) for decay in start["lambda"]]
    while not options.stepwise or sys.stdin.readline():
        clock = time.perf_counter()
        ends = [
            minimise(*arguments, options.gap) for arguments in zip(objectives, points, start["optimum"], strict=True)
        ]
        seconds = time.perf_counter() - clock
        reached, iterations = sum(end[0] for end in ends), np.mean([end[1] for end in ends])
        print(f"seconds {seconds:.6f} reached {reached} iterations {iterations:.1f}", flush=True)
        if not options.stepwise:
            return


if __name__ == "__main__":
    main()
