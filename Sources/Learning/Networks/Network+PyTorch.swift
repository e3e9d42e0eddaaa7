import LinearAlgebra

/// One array of a PyTorch `state_dict`, and where a network keeps its numbers.
public struct StateEntry: Sendable {
    /// Names are PyTorch's where the architecture is torchvision's; elsewhere the network's own.
    public let name: String
    /// As PyTorch has it: convolutions are (outputs × inputs × kernel × kernel).
    public let shape: [Int]
    let source: Source
    /// Axes of the network's own array, in PyTorch's order: axis `order[i]` there is axis i here; nil where the numbers
    /// lie in the same order.
    let order: [Int]?

    enum Source: Sendable {
        case parameters(ParameterLayout.Slice)
        case statistics(ParameterLayout.Slice)
        /// A classifier that is not trained.
        case fixed(Matrix)
    }

    public var count: Int { shape.reduce(1, *) }

    /// For each number in PyTorch's order, its place among the network's own.
    var places: [Int] {
        guard let order else { return Array(0..<count) }
        // Numbers from one index to the next along each of the network's axes.
        var strides = [Int](repeating: 1, count: shape.count)
        let extents = order.indices.map { axis in shape[order.firstIndex(of: axis) ?? axis] }
        for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
        var places = [0]
        for (axis, extent) in zip(order, shape) {
            places = places.flatMap { place in (0..<extent).map { place + $0 * strides[axis] } }
        }
        return places
    }
}

/// Arrays that are not those of a network.
public struct StateError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension Network {
    /// What PyTorch's `state_dict` of this network holds, in its order, but for `num_batches_tracked`, which nothing
    /// reads.
    public var stateEntries: [StateEntry] {
        var entries: [StateEntry] = []
        for node in nodes {
            switch node.layer {
            case let layer as Convolution:
                append(layer.weight, order: [3, 2, 0, 1], to: &entries)
                append(layer.bias, to: &entries)
            case let layer as Dense:
                append(layer.weight, to: &entries)
                append(layer.bias, to: &entries)
            case let layer as BatchNormalization:
                append(layer.scale, to: &entries)
                append(layer.shift, to: &entries)
                for slice in [layer.runningMean, layer.runningVariance] {
                    entries.append(
                        StateEntry(name: slice.name, shape: slice.shape, source: .statistics(slice), order: nil))
                }
            case let layer as LayerNormalization:
                let image = layer.output.isVector ? nil : layer.output
                append(layer.scale, image: image, to: &entries)
                append(layer.shift, image: image, to: &entries)
            default: precondition(!node.layer.hasParameters, "layer without names in PyTorch")
            }
        }
        if head.weight == nil {
            let fixed = head.fixedMatrix
            entries.append(
                StateEntry(
                    name: "\(architecture.headName).weight", shape: [fixed.rows, fixed.columns], source: .fixed(fixed),
                    order: nil))
        }
        append(head.weight, to: &entries)
        append(head.bias, to: &entries)
        return entries
    }

    private func append(
        _ slice: ParameterLayout.Slice?, order: [Int]? = nil, image: FeatureShape? = nil,
        to entries: inout [StateEntry]
    ) {
        guard let slice else { return }
        let shape = image.map { [$0.channels, $0.height, $0.width] } ?? order?.map { slice.shape[$0] } ?? slice.shape
        entries.append(
            StateEntry(
                name: slice.name, shape: shape, source: .parameters(slice), order: image == nil ? order : [2, 0, 1]))
    }

    /// The numbers of one entry, in PyTorch's order.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func values<Scalar: BLASScalar>(
        of entry: StateEntry, _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>
    ) -> [Scalar] {
        precondition(
            parameters.layout == layout && statistics.layout == self.statistics, "parameters of another network")
        switch entry.source {
        case .fixed(let matrix): return matrix.elements.map { Scalar($0) }
        case .parameters(let slice): return entry.places.map { parameters.pointer(to: slice)[$0] }
        case .statistics(let slice): return entry.places.map { statistics.pointer(to: slice)[$0] }
        }
    }

    /// Takes the numbers of a `state_dict`, all of them: parameters and running statistics.
    ///
    /// - Parameters:
    ///   - names: of all arrays there are; `num_batches_tracked` is not looked at.
    ///   - array: shape and numbers of one of them, row-major; asked for one by one.
    /// - Throws: `StateError` where an array is missing, too many, of another shape, or not a fixed classifier's. Blocks
    ///   may then be half written.
    public func load<Scalar: BLASScalar>(
        state names: [String], into parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>,
        _ array: (_ name: String) -> (shape: [Int], values: [Double])
    ) throws(StateError) {
        precondition(
            parameters.layout == layout && statistics.layout == self.statistics, "parameters of another network")
        let entries = stateEntries
        let known = Set(entries.map(\.name))
        let given = Set(names)
        if let extra = names.first(where: { !known.contains($0) && !$0.hasSuffix("num_batches_tracked") }) {
            throw StateError(
                "array '\(extra)' is none of \(architecture)'s; give the weights of this very architecture, under the "
                    + "names \(Self.examples(entries))")
        }
        if let missing = entries.first(where: { !given.contains($0.name) }) {
            throw StateError(
                "array '\(missing.name)' of \(architecture) is missing; give the weights of this very architecture, "
                    + "under the names \(Self.examples(entries))")
        }
        for entry in entries {
            let (shape, values) = array(entry.name)
            guard shape == entry.shape, values.count == entry.count else {
                throw StateError(
                    "array '\(entry.name)' is \(shape) and \(architecture) wants \(entry.shape); "
                        + "build the network with the width, images and classes of the weights")
            }
            switch entry.source {
            case .fixed(let matrix):
                let largest = matrix.elements.reduce(0) { max($0, abs($1)) }
                guard zip(values, matrix.elements).allSatisfy({ abs($0 - $1) <= 1e-6 * largest }) else {
                    throw StateError(
                        "array '\(entry.name)' is not the fixed classifier of this network; "
                            + "build the network with the seed of the weights, or with a learned classifier")
                }
            case .parameters(let slice): fill(parameters.pointer(to: slice), entry, values)
            case .statistics(let slice): fill(statistics.pointer(to: slice), entry, values)
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func fill<Scalar: BLASScalar>(
        _ target: UnsafeMutablePointer<Scalar>, _ entry: StateEntry, _ values: [Double]
    ) {
        for (place, value) in zip(entry.places, values) { target[place] = Scalar(value) }
    }

    private static func examples(_ entries: [StateEntry]) -> String {
        let names = entries.map(\.name)
        return names.count > 4
            ? "\(names[0]), \(names[1]), …, \(names[names.count - 1])" : names.joined(separator: ", ")
    }
}
