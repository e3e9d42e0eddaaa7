#!/usr/bin/env python3
"""Reference values for LearningTests/ReferenceTests.swift: five SGD steps of a small MLP in PyTorch, float64.

Prints, for each loss, the value of the objective at every step and the final parameters.
"""

import torch


def main():
    torch.set_default_dtype(torch.float64)
    pixels = torch.tensor([(37 * i + 11) % 256 for i in range(12 * 8)]).view(12, 8) / 255
    inputs = (pixels - 0.5) / 0.25
    labels = torch.arange(12) % 3
    for name in ("crossEntropy", "meanSquaredError"):
        model = torch.nn.Sequential(
            torch.nn.Linear(8, 6), torch.nn.ReLU(), torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)
        )
        index = 0
        with torch.no_grad():
            for parameter in model.parameters():
                for i in range(parameter.numel()):
                    parameter.view(-1)[i] = 0.5 * torch.sin(torch.tensor(index + 1.0))
                    index += 1
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
        values = []
        for step in range(5):
            batch = torch.tensor([(step + i) % 12 for i in range(7)])
            optimizer.zero_grad()
            logits = model(inputs[batch])
            if name == "crossEntropy":
                loss = torch.nn.functional.cross_entropy(logits, labels[batch])
            else:
                targets = torch.nn.functional.one_hot(labels[batch], 3)
                loss = 0.5 * ((logits - targets) ** 2).sum(1).mean()
            loss.backward()
            decay = 0.005 * sum((parameter**2).sum() for parameter in model.parameters())
            values.append((loss + decay).item())
            optimizer.step()
        final = torch.cat([parameter.detach().view(-1) for parameter in model.parameters()])
        print(name, values)
        print("norm", final.norm().item(), "sum", final.sum().item())
        print("every tenth", [final[i].item() for i in range(0, len(final), 10)])


if __name__ == "__main__":
    main()
