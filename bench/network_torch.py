#!/usr/bin/env python3
"""Seconds per training step of networks in PyTorch, on one CPU thread: the peer of `ncbench`'s network steps.

The same architectures, batch and random images as the other side; forward, loss, backward, weight decay and SGD with
momentum. Both memory formats are there, `--format`; the fused SGD where this PyTorch has one for the CPU.

    python3 bench/network_torch.py --architecture resnet18 --width 64 --batch 128 --format channels_last --steps 5
"""

import argparse
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return functional.relu(y, inplace=True)


class ResNet18(nn.Module):
    """With a 3 × 3 convolution in front, as for CIFAR."""

    def __init__(self, channels, width, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage in range(4):
            outputs = width << stage
            blocks = [BasicBlock(inputs, outputs, 1 if stage == 0 else 2), BasicBlock(outputs, outputs, 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, growth, 3, 1, 1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv(functional.relu(self.norm(x), inplace=True))], 1)


def densenet40(channels, growth, classes=10):
    width = 16
    layers = [nn.Conv2d(channels, width, 3, 1, 1, bias=False)]
    for block in range(3):
        for _ in range(12):
            layers.append(DenseLayer(width, growth))
            width += growth
        if block < 2:
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.Conv2d(width, width, 1, bias=False)]
            layers.append(nn.AvgPool2d(2))
    layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(width, classes))


def vgg11(channels, width, classes=10):
    layers = []
    inputs = channels
    for outputs in [1, "M", 2, "M", 4, 4, "M", 8, 8, "M", 8, 8, "M"]:
        if outputs == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        outputs *= width
        layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        inputs = outputs
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs, classes))


def lenet(channels, size):
    padding = 2 if size < 32 else 0
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=padding), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True), nn.Linear(84, 10),
    )


def mlp(inputs, widths):
    layers = [nn.Flatten()]
    for width in widths:
        layers += [nn.Linear(inputs, width), nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 10))


def make_model(options):
    channels, size = options.channels, options.size
    name = options.architecture
    if name == "resnet18":
        return ResNet18(channels, options.width or 64)
    if name == "vgg11":
        return vgg11(channels, options.width or 64)
    if name == "densenet40":
        return densenet40(channels, options.width or 12)
    if name == "lenet":
        return lenet(channels, size)
    return mlp(channels * size * size, [int(width) for width in name[4:-1].split("-")])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="resnet18")
    parser.add_argument("--width", type=int, default=0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--format", choices=["contiguous", "channels_last"], default="channels_last")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--stepwise", action="store_true", help="wait for a line on standard input before each step")
    parser.add_argument("--processes", type=int, default=1, help="train data-parallel on so many, by gloo")
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--port", type=int, default=29511)
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = make_model(options)
    memory_format = torch.channels_last if options.format == "channels_last" else torch.contiguous_format
    share = options.batch // options.processes
    images = torch.randn(share, options.channels, options.size, options.size).to(memory_format=memory_format)
    labels = torch.arange(share) % 10
    model = model.to(memory_format=memory_format)
    if options.processes > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"tcp://127.0.0.1:{options.port}", rank=options.rank, world_size=options.processes
        )
        model = nn.parallel.DistributedDataParallel(model)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True)

    parameters = sum(parameter.numel() for parameter in model.parameters())
    for step in range(options.steps):
        if options.stepwise and not sys.stdin.readline():
            return
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_function(model(images), labels)
        loss.backward()
        optimizer.step()
        value = loss.item()
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"step {step} seconds {seconds:.6f} loss {value:.6f} memory {memory:.1f} parameters {parameters}", flush=True
        )
    if options.processes > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
