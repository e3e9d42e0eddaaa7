#!/usr/bin/env python3
"""Seconds of gradient descent on unconstrained features in JAX, on one core: a peer of `ncbench`'s ufm steps.

All trials at once, jit of a scan over the steps of a vmap over the trials, as a sweep would be written in JAX: objective
with its decays, all gradients, heavy-ball momentum. XLA may use the vector instructions of this very CPU. `--over map`
runs one trial after the other instead.

    python3 bench/ufm_jax.py START.npz --steps 100 --stepwise

START.npz holds W (trials x K x d), H (trials x d x N), labels (N) and lambda (trials). Each line on standard input is
answered by `seconds S` for all steps of all trials from the start, the processor time spent, and each trial's objective
at the last step but the final move (`objective_0`, ...).
"""

import argparse
import os
import sys
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--precision", choices=["float32", "float64"], default="float32")
    parser.add_argument("--over", choices=["vmap", "map"], default="vmap")
    parser.add_argument("--stepwise", action="store_true", help="wait for a line on standard input before each turn")
    options = parser.parse_args()

    # Before JAX makes its threads: all of them share one core.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    import jax

    jax.config.update("jax_enable_x64", options.precision == "float64")
    import jax.numpy as jnp
    import numpy as np

    start = np.load(options.start)
    labels = jnp.asarray(start["labels"])
    W, H = (jnp.asarray(start[name], dtype=options.precision) for name in ("W", "H"))
    decays = jnp.asarray(start["lambda"], dtype=options.precision)
    samples = H.shape[2]

    def objective(parameters, decay):
        W, H, b = parameters
        z = W @ H + b[:, None]
        own = jnp.take_along_axis(z, labels[None, :], axis=0)[0]
        loss = jnp.mean(jax.nn.logsumexp(z, axis=0) - own)
        return loss + decay / 2 * (jnp.sum(W * W) + jnp.sum(H * H) + jnp.sum(b * b))

    def step(state, decay):
        parameters, velocity = state
        value, gradients = jax.value_and_grad(objective)(parameters, decay)
        velocity = jax.tree.map(lambda v, g: options.momentum * v + g, velocity, gradients)
        parameters = jax.tree.map(lambda p, v: p - options.rate * v, parameters, velocity)
        return (parameters, velocity), value

    def trial(parameters, decay):
        state = parameters, jax.tree.map(jnp.zeros_like, parameters)
        return jax.lax.scan(lambda s, _: step(s, decay), state, None, length=options.steps)

    def all_by_vmap(parameters, decays):
        state = parameters, jax.tree.map(jnp.zeros_like, parameters)
        return jax.lax.scan(lambda s, _: jax.vmap(step)(s, decays), state, None, length=options.steps)

    def all_by_map(parameters, decays):
        state, values = jax.lax.map(lambda arguments: trial(*arguments), (parameters, decays))
        return state, values.T

    run = jax.jit(all_by_vmap if options.over == "vmap" else all_by_map)
    parameters = W, H, jnp.zeros(W.shape[:2], dtype=options.precision)
    jax.block_until_ready(run(parameters, decays))
    while not options.stepwise or sys.stdin.readline():
        clock, processor = time.perf_counter(), time.process_time()
        _, values = jax.block_until_ready(run(parameters, decays))
        seconds, processor = time.perf_counter() - clock, time.process_time() - processor
        ends = " ".join(f"objective_{i} {value:.12e}" for i, value in enumerate(np.asarray(values[-1])))
        print(f"seconds {seconds:.6f} processor {processor:.6f} {ends}", flush=True)
        if not options.stepwise:
            return


if __name__ == "__main__":
    main()
