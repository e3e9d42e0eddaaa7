import LinearAlgebra

/// Arrays that are not those of a network.
public struct StateError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension Network {
    /// What PyTorch's `state_dict` of this network holds, in its order, but for `num_batches_tracked`, which nothing
    /// reads.
    public var stateEntries: [StateEntry] {
        var entries = nodes.flatMap(\.layer.state)
        if head.weight == nil {
            let fixed = head.fixedMatrix
            entries.append(
                StateEntry(
                    name: "\(architecture.headName).weight", shape: [fixed.rows, fixed.columns], source: .fixed(fixed),
                    order: nil))
        }
        return entries + [head.weight, head.bias].compactMap { $0.map { StateEntry($0) } }
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
    /// - Throws: `StateError` where an array is missing, too many, of another shape, or not a fixed classifier's.
    /// Blocks
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
