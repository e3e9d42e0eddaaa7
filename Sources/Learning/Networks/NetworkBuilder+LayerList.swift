extension LayerItem {
    /// All layers that a list can hold, as examples for messages and documentation.
    public static let examples =
        ["conv(16,3)", "dense(64)", "batch_norm", "layer_norm"] + Activation.Function.allCases.map(\.rawValue) + [
            "max_pool(2)", "average_pool(2)", "global_pool", "flatten", "dropout(0.5)", "residual(…)", "concatenate(…)",
            "probe(NAME)",
        ]

    var activation: Activation.Function? { Activation.Function(rawValue: name) }

    private func fail(_ reason: String) -> ArchitectureError { ArchitectureError("\(description): \(reason)") }

    private var positional: [LayerItem] {
        arguments.compactMap { if case .item(let item) = $0 { item } else { nil } }
    }

    /// Whole numbers without a name, `least...most` of them.
    fileprivate func numbers(_ least: Int, _ most: Int, _ example: String) throws(ArchitectureError) -> [Int] {
        var numbers: [Int] = []
        for item in positional {
            guard item.arguments.isEmpty, let number = Int(item.name), number > 0, number <= 1 << 20,
                String(number) == item.name
            else {
                throw fail("'\(item)' is not a whole number from 1 to \(1 << 20); write e.g. \(example)")
            }
            numbers.append(number)
        }
        guard (least...most).contains(numbers.count) else {
            throw fail("takes \(least == most ? "\(least)" : "\(least) or \(most)") numbers; write e.g. \(example)")
        }
        return numbers
    }

    /// Values of options, of which only `known` are allowed.
    fileprivate func options(_ known: String...) throws(ArchitectureError) -> [String: String] {
        var options: [String: String] = [:]
        for case .option(let key, let value) in arguments {
            guard known.contains(key) else {
                throw fail(
                    "unknown option '\(key)'" + (known.isEmpty ? "" : "; it takes \(known.joined(separator: ", "))"))
            }
            guard options.updateValue(value, forKey: key) == nil else { throw fail("'\(key)' is given twice") }
        }
        return options
    }

    fileprivate func extent(_ text: String?, _ key: String, least: Int) throws(ArchitectureError) -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), number >= least, number <= 1024, String(number) == text else {
            throw fail("\(key)=\(text) is not a whole number from \(least) to 1024")
        }
        return number
    }

    fileprivate func bias(_ text: String?, default value: Bool) throws(ArchitectureError) -> Bool {
        switch text {
        case nil: value
        case "none": false
        // One meaning has one text, or one trial would have several ids.
        case "free": throw fail("bias=free is what it is without; leave it out")
        case let text?: throw fail("bias=\(text) is not none")
        }
    }

    fileprivate func withoutArguments() throws(ArchitectureError) {
        guard arguments.isEmpty else { throw fail("takes nothing in parentheses; write \(name)") }
    }

    fileprivate func branch() throws(ArchitectureError) -> (items: [LayerItem], shortcut: [LayerItem]) {
        _ = try options()
        let items = positional.filter { $0.name != "shortcut" }
        let shortcuts = positional.filter { $0.name == "shortcut" }
        guard !items.isEmpty else { throw fail("holds no layers; write e.g. \(name)(conv(16,3),batch_norm)") }
        guard shortcuts.count <= 1, name == "residual" || shortcuts.isEmpty else {
            throw fail("has a shortcut too many")
        }
        return (items, shortcuts.first?.positional ?? [])
    }

    fileprivate var probability: Double? {
        guard positional.count == 1, arguments.count == 1, let value = Double(positional[0].name), value >= 0,
            value < 1,
            canonical(value) == positional[0].name
        else { return nil }
        return value
    }

    fileprivate var onlyName: String? {
        positional.count == 1 && arguments.count == 1 && positional[0].arguments.isEmpty ? positional[0].name : nil
    }
}

extension NetworkBuilder {
    /// A list of layers. What activations and blocks give can be measured, as `layer1`, `layer2`, … by their place in
    /// the list, or by the name that a `probe(…)` behind them gives.
    mutating func layers(_ items: [LayerItem]) throws(ArchitectureError) {
        for (index, item) in items.enumerated() {
            do {
                try add(item, prefix: "layer\(index + 1)")
                let isNamed = index + 1 < items.count && items[index + 1].name == "probe"
                let isRectified = index + 1 < items.count && items[index + 1].name == "relu"
                let isMeasured = item.activation != nil || ["residual", "concatenate"].contains(item.name)
                if isMeasured && !isNamed && !isRectified { probe("layer\(index + 1)") }
            } catch {
                throw ArchitectureError(error.description, item: index)
            }
        }
        if !shape.isVector {
            throw ArchitectureError(
                "the layers end with images of \(shape), and the classifier wants a vector; end with global_pool or flatten",
                item: items.count - 1)
        }
    }

    private mutating func add(_ item: LayerItem, prefix: String) throws(ArchitectureError) {
        switch item.name {
        case "conv":
            let numbers = try item.numbers(2, 2, "conv(16,3)")
            let options = try item.options("stride", "padding", "bias")
            guard options["stride"] != "1" else {
                throw ArchitectureError("\(item): stride=1 is what it is without; leave it out")
            }
            try convolution(
                prefix, numbers[0], kernel: numbers[1],
                stride: try item.extent(options["stride"], "stride", least: 1) ?? 1,
                padding: try item.extent(options["padding"], "padding", least: 0),
                bias: try item.bias(options["bias"], default: true))
        case "dense":
            let width = try item.numbers(1, 1, "dense(64)")[0]
            try dense(prefix, width, bias: try item.bias(try item.options("bias")["bias"], default: true))
        case "max_pool", "average_pool":
            let window = try item.numbers(1, 1, "max_pool(2)")[0]
            let options = try item.options("stride", "padding")
            try pool(
                item.name == "max_pool" ? .maximum : .average, window,
                stride: try item.extent(options["stride"], "stride", least: 1),
                padding: try item.extent(options["padding"], "padding", least: 0) ?? 0)
        case "dropout":
            guard let probability = item.probability else {
                throw ArchitectureError(
                    "\(item): wants a probability of at least 0 and less than 1; write dropout(0.5)")
            }
            dropout(probability)
        case "probe":
            guard let name = item.onlyName else {
                throw ArchitectureError("\(item): wants a name; write probe(block1)")
            }
            guard !probes.contains(where: { $0.name == name }) else {
                throw ArchitectureError("\(item): two layers of this name")
            }
            // Words of the key `layers`, and the sign that joins names there.
            guard !["all", "features"].contains(name), !name.contains("+") else {
                throw ArchitectureError(
                    "\(item): 'all', 'features' and '+' have a meaning of their own; take another name")
            }
            probe(name)
        case "residual", "concatenate": try addBlock(item, prefix: prefix)
        default: try addPlain(item, prefix: prefix)
        }
    }

    private mutating func addPlain(_ item: LayerItem, prefix: String) throws(ArchitectureError) {
        switch item.name {
        case "batch_norm": batchNorm(prefix)
        case "layer_norm": layerNorm(prefix)
        case "global_pool": globalAveragePool()
        case "flatten": flatten()
        default:
            guard let function = item.activation else {
                throw ArchitectureError(
                    "unknown layer '\(item.name)' (known: \(LayerItem.examples.joined(separator: ", ")))")
            }
            activation(function)
        }
        try item.withoutArguments()
    }

    private mutating func addBlock(_ item: LayerItem, prefix: String) throws(ArchitectureError) {
        let block = try item.branch()
        let start = current
        for (index, part) in block.items.enumerated() { try add(part, prefix: "\(prefix).\(index + 1)") }
        guard item.name == "residual" else { return try concatenate(behind: start) }
        let branch = current
        current = start
        for (index, part) in block.shortcut.enumerated() { try add(part, prefix: "\(prefix).shortcut.\(index + 1)") }
        let shortcut = current
        current = branch
        try add(shortcut)
    }
}
