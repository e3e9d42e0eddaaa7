#!/usr/bin/env python3
"""Writes the *.safetensors beside this file: small networks in PyTorch, with what they compute in float32 and float64.

    python3 Tests/LearningTests/Reference/make_network_reference.py      (PyTorch 2.13; the files are committed)

A file holds the network's state_dict as it is, in float32, so that both precisions begin with the same numbers, and

    images          (N, height, width, channels) bytes; the network sees (byte / 255 - 0.5) / 0.25
    labels          (N)
    logits32/64     when measuring, with the running statistics, in both precisions
    trained.logits  when training, with the batch's own statistics, in float64 like all that follows
    trained.loss    their mean cross-entropy
    gradient.NAME   of that loss
    trained.NAME    the running statistics behind the step

The two ResNets differ in their stems alone: the second file has only the array that differs, and to stay small no
gradients of the last block.
"""

import copy
import json
import pathlib
import struct

import numpy
import torch
from torch import nn
from torch.nn import functional

HERE = pathlib.Path(__file__).parent
WORDS = {"float32": "F32", "float64": "F64", "uint8": "U8", "int64": "I64"}


class BasicBlock(nn.Module):
    """As in torchvision."""

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
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """torchvision's, or with a 3 × 3 convolution in place of the stem, as for CIFAR."""

    def __init__(self, width, classes, imagenet):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, *((7, 2, 3) if imagenet else (3, 1, 1)), bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if imagenet else nn.Identity()
        inputs = width
        for stage in range(4):
            outputs = width << stage
            blocks = [BasicBlock(inputs, outputs, 1 if stage == 0 else 2), BasicBlock(outputs, outputs, 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class LeNet(nn.Module):
    def __init__(self, width, classes, size):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 5, padding=2)
        self.conv2 = nn.Conv2d(width, width * 16 // 6, 5)
        self.fc1 = nn.Linear(width * 16 // 6 * ((size // 2 - 4) // 2) ** 2, width * 20)
        self.fc2 = nn.Linear(width * 20, width * 14)
        self.fc3 = nn.Linear(width * 14, classes)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x)))))


class Perceptron(nn.Module):
    """On images of several channels: PyTorch flattens channel by channel."""

    def __init__(self, inputs, widths, classes):
        super().__init__()
        for index, width in enumerate(widths):
            setattr(self, f"hidden{index + 1}", nn.Linear(inputs, width))
            inputs = width
        self.depth = len(widths)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        x = x.flatten(1)
        for index in range(self.depth):
            x = functional.relu(getattr(self, f"hidden{index + 1}")(x))
        return self.classifier(x)


def write(path, arrays):
    header, blobs, offset = {}, [], 0
    for name, array in arrays.items():
        blob = numpy.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": WORDS[str(array.dtype)], "shape": list(array.shape), "data_offsets": [offset, offset + len(blob)]
        }
        blobs.append(blob)
        offset += len(blob)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(blobs))


def randomize(model):
    """Normalisations with numbers that show: 1 and 0 would hide an exchanged one."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.2, 1.2)


def reference(name, model, shape, classes, samples, leave_out=()):
    """- shape: channels, height, width."""
    images = torch.randint(0, 256, (samples, *shape[1:], shape[0]), dtype=torch.uint8)
    labels = torch.arange(samples) % classes
    arrays = {key: value.numpy() for key, value in model.state_dict().items() if key not in leave_out}
    arrays |= {"images": images.numpy(), "labels": labels.numpy()}
    for precision, bits in [(torch.float32, 32), (torch.float64, 64)]:
        model = copy.deepcopy(model).to(precision)
        x = ((images.to(precision) / 255 - 0.5) / 0.25).permute(0, 3, 1, 2)
        model.eval()
        with torch.no_grad():
            arrays[f"logits{bits}"] = model(x).numpy()
    model.train()
    logits = model(x)
    loss = functional.cross_entropy(logits, labels)
    loss.backward()
    arrays["trained.logits"] = logits.detach().numpy()
    arrays["trained.loss"] = loss.detach().numpy().reshape(1)
    for key, value in model.named_parameters():
        if not (leave_out and key.startswith("layer4.1")):
            arrays[f"gradient.{key}"] = value.grad.numpy()
    for key, value in model.named_buffers():
        if not key.endswith("num_batches_tracked"):
            arrays[f"trained.{key}"] = value.numpy()
    write(HERE / f"{name}.safetensors", arrays)
    print(name, (HERE / f"{name}.safetensors").stat().st_size)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(20200817)
    resnet = ResNet18(2, 5, imagenet=False)
    randomize(resnet)
    reference("resnet18", resnet, (3, 16, 16), 5, 5)
    large = ResNet18(2, 5, imagenet=True)
    stem = large.conv1.weight.detach().clone()
    shared = resnet.state_dict() | {"conv1.weight": stem}
    large.load_state_dict(shared)
    reference("resnet18_imagenet", large, (3, 29, 26), 5, 5, leave_out=set(shared) - {"conv1.weight"})
    reference("lenet", LeNet(2, 4, 14), (1, 14, 14), 4, 6)
    reference("mlp", Perceptron(3 * 4 * 5, [9, 7], 3), (3, 4, 5), 3, 5)


if __name__ == "__main__":
    main()
