#!/usr/bin/env python3
"""Seconds per epoch of an MLP on Fashion-MNIST in PyTorch, on one CPU thread: the peer of `ncbench`'s MLP epoch.

The fastest sensible eager PyTorch: all data in memory as normalised float32, permuted indexing instead of a DataLoader,
the fused SGD where this PyTorch has one for the CPU, gradients set to None. `--compile` tries torch.compile as well.

    OPENBLAS_NUM_THREADS=1 python3 bench/mlp_epoch_torch.py --epochs 4
"""

import argparse
import gzip
import sys
import time

import numpy
import torch


def read_idx(path, dimensions):
    with gzip.open(path) as file:
        data = file.read()
    return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * dimensions).copy())


def make_optimizer(model, options):
    settings = dict(lr=0.05, momentum=0.9, weight_decay=options.weight_decay)
    if options.optimizer != "fused":
        return torch.optim.SGD(model.parameters(), foreach=options.optimizer == "foreach", **settings)
    return torch.optim.SGD(model.parameters(), fused=True, **settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--widths", type=int, nargs="*", default=[512, 512])
    parser.add_argument("--weight-decay", type=float, default=0.0)
    parser.add_argument("--optimizer", choices=["fused", "foreach", "plain"], default="fused")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model (needs a C++ compiler)")
    parser.add_argument("--stepwise", action="store_true", help="wait for a line on standard input before each epoch")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(1)
    labels = read_idx(f"{options.data}/train-labels-idx1-ubyte.gz", 1).long()
    images = read_idx(f"{options.data}/train-images-idx3-ubyte.gz", 3).view(len(labels), -1).float() / 255
    images = (images - images.mean()) / images.std(correction=0)

    layers = []
    width = images.shape[1]
    for hidden in options.widths:
        layers += [torch.nn.Linear(width, hidden), torch.nn.ReLU(inplace=True)]
        width = hidden
    model = torch.nn.Sequential(*layers, torch.nn.Linear(width, 10))
    run = torch.compile(model, dynamic=True) if options.compile else model
    loss_function = torch.nn.CrossEntropyLoss()
    optimizer = make_optimizer(model, options)

    for epoch in range(options.epochs):
        if options.stepwise and not sys.stdin.readline():
            return
        start = time.perf_counter()
        total = 0.0
        batches = torch.randperm(len(labels)).split(options.batch)
        for batch in batches:
            optimizer.zero_grad(set_to_none=True)
            loss = loss_function(run(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds = time.perf_counter() - start
        print(f"epoch {epoch} seconds {seconds:.3f} loss {total / len(batches):.6f}", flush=True)


if __name__ == "__main__":
    main()
