import LinearAlgebra

/// One network's activations for up to `capacity` samples: the memory of a forward and a backward pass.
///
/// `load`, then `forward`, then read the logits; for training replace them by their gradient, then `backward`.
/// Everything lies in one piece of memory that is laid out and allocated at the start; an activation that nothing reads
/// any more gives its place to later ones.
public final class NetworkPass<Scalar: BLASScalar> {
    public let network: Network
    public let capacity: Int
    /// Samples loaded last.
    public private(set) var samples = 0

    private let memory: Buffer<Scalar>
    private let plan: PassPlan
    private let head: HeadPass<Scalar>
    private let labelStorage: UnsafeMutablePointer<Int32>

    /// - Parameter trains: whether `backward` will be called; without, little memory is needed.
    public convenience init(_ network: Network, capacity: Int, trains: Bool) {
        self.init(network, capacity: capacity, trains: trains, sharesMemory: true)
    }

    /// - Parameter sharesMemory: false keeps every array for itself, which must not change a number.
    init(_ network: Network, capacity: Int, trains: Bool, sharesMemory: Bool) {
        precondition(capacity > 0, "empty network pass")
        self.network = network
        self.capacity = capacity
        plan = PassPlan(network, capacity: capacity, trains: trains, sharesMemory: sharesMemory)
        memory = Buffer(count: plan.count)
        head = HeadPass(network.head, capacity: capacity)
        labelStorage = .allocate(capacity: capacity)
        labelStorage.initialize(repeating: 0, count: capacity)
    }

    deinit { labelStorage.deallocate() }

    /// Numbers that a pass of this kind holds.
    public static func memoryCount(_ network: Network, capacity: Int, trains: Bool) -> Int {
        PassPlan(network, capacity: capacity, trains: trains).count + capacity * network.classes
    }

    private func activation(_ index: Int) -> UnsafeMutablePointer<Scalar> { memory.start + plan.activations[index] }

    /// (samples × input), until the first layers have run.
    public var input: UnsafeMutablePointer<Scalar> { activation(0) }

    /// (samples × featureWidth): what the classifier sees.
    public var features: UnsafePointer<Scalar> { UnsafePointer(activation(network.nodes.count)) }

    /// (classes × samples), rows `samples` apart: the logits, or after a loss their gradient.
    public var logits: UnsafeMutablePointer<Scalar> { head.logits.start }

    /// (samples)
    public var labels: UnsafePointer<Int32> { UnsafePointer(labelStorage) }

    /// Takes these samples of the data set, normalised, as input.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func load(
        _ indices: ArraySlice<Int>, of data: DataSet, normalization: Normalization, pad: Int = 0,
        augmentation: AugmentationDraws? = nil
    ) {
        precondition(indices.count <= capacity, "more samples than the network pass holds")
        precondition(
            DataSet.padded(data.sampleShape, by: pad).reduce(1, *) == network.input.count, "input of another data set")
        samples = indices.count
        data.gather(indices, normalization: normalization, pad: pad, augmentation: augmentation, into: input)
        data.gatherLabels(indices, into: labelStorage)
    }

    /// All activations and the logits, for the loaded samples.
    ///
    /// - Parameters:
    ///   - batchStatistics: where training passes add the shard's means and variances.
    ///   - observe: sees each measurable layer's output, (samples × height × width × channels), as soon as it is there.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward(
        at parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>,
        batchStatistics: ParameterBlock<Scalar>? = nil, purpose: PassPurpose = .inference,
        observe: ((_ probe: Int, _ output: UnsafePointer<Scalar>) -> Void)? = nil
    ) {
        precondition(parameters.count == network.layout.count, "parameters of another network")
        guard samples > 0 else { return }
        func show(_ index: Int) {
            guard let observe else { return }
            for (probe, layer) in network.probes.enumerated() where layer.activation == index {
                observe(probe, UnsafePointer(activation(index)))
            }
        }
        show(0)
        for (index, node) in network.nodes.enumerated() {
            node.layer.forward(
                ForwardCall(
                    samples: samples, input: activation(node.inputs[0]),
                    secondInput: node.inputs.count > 1 ? UnsafePointer(activation(node.inputs[1])) : nil,
                    output: activation(index + 1), saved: memory.start + plan.saved[index],
                    workspace: memory.start + plan.workspace, parameters: parameters, statistics: statistics,
                    batchStatistics: batchStatistics, purpose: purpose))
            show(index + 1)
        }
        head.forward(features, samples: samples, at: parameters)
    }

    /// The gradients of all parameters, added, from the gradient that `logits` holds.
    ///
    /// - Parameter featureDecay: λ of a term λ/2 Σ‖h‖² over the samples' features h.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward(
        at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>, featureDecay: Scalar = 0
    ) {
        precondition(gradients.count == network.layout.count, "parameters of another network")
        precondition(plan.trains, "backward pass of an inference pass")
        guard samples > 0 else { return }
        let last = network.nodes.count
        let featureGradient = plan.gradients[last].map { memory.start + $0 }
        head.backward(
            features, samples: samples, at: parameters, addingTo: gradients, featureGradient: featureGradient)
        if featureDecay != 0, let featureGradient {
            Scalar.axpy(samples * network.featureWidth, featureDecay, features, featureGradient)
        }
        for index in network.nodes.indices.reversed() {
            guard let outputGradient = plan.gradients[index + 1] else { continue }
            let node = network.nodes[index]
            node.layer.backward(
                BackwardCall(
                    samples: samples, input: activation(node.inputs[0]),
                    secondInput: node.inputs.count > 1 ? UnsafePointer(activation(node.inputs[1])) : nil,
                    output: activation(index + 1), outputGradient: memory.start + outputGradient,
                    inputGradient: target(index, 0), secondInputGradient: target(index, 1),
                    saved: memory.start + plan.saved[index], workspace: memory.start + plan.workspace,
                    parameters: parameters, gradients: gradients))
        }
    }

    /// What is measured of a probed layer: each channel averaged over the pixels, (samples × width), into `target`; or
    /// the output itself where it is a vector.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func channelMeans(
        of probe: Int, _ output: UnsafePointer<Scalar>, into target: Buffer<Scalar>
    ) -> FeatureRows<Scalar> {
        let shape = network.probes[probe].shape
        guard shape.pixels > 1 else { return FeatureRows(at: output, rows: samples, columns: shape.channels) }
        let share = 1 / Scalar(shape.pixels)
        target.zero()
        for sample in 0..<samples {
            let means = target.start + sample * shape.channels
            addColumnSums(output + sample * shape.count, rows: shape.pixels, columns: shape.channels, to: means)
            for c in 0..<shape.channels { means[c] *= share }
        }
        return FeatureRows(at: target.start, rows: samples, columns: shape.channels)
    }

    private func target(_ node: Int, _ position: Int) -> InputGradient<Scalar>? {
        guard position < network.nodes[node].inputs.count,
            let start = plan.gradients[network.nodes[node].inputs[position]]
        else { return nil }
        return InputGradient(
            start: memory.start + start, accumulates: plan.writes[node][position] == .adds,
            isOutputGradient: plan.writes[node][position] == .handsOn)
    }
}

/// Where the arrays of a pass lie, for one network and number of samples.
struct PassPlan {
    let trains: Bool
    let activations: [Int]
    /// nil where no gradient is wanted: of the data, and of what has no parameters before it.
    let gradients: [Int?]
    /// How each node writes the gradient of each of its inputs.
    let writes: [[GradientWrite]]
    let saved: [Int]
    let workspace: Int
    let count: Int

    enum GradientWrite {
        case sets
        case adds
        /// The input's gradient lies where the output's does.
        case handsOn
    }

    // Moments: −1 loading, i the forward pass of node i, n the head, 2n − i its backward pass.
    init(_ network: Network, capacity: Int, trains: Bool, sharesMemory: Bool = true) {
        self.trains = trains
        let nodes = network.nodes
        let n = nodes.count
        let end = trains ? 2 * n + 1 : n
        let flow = GradientFlow(network, handsOn: sharesMemory)
        writes = flow.writes
        func backwardMoment(_ node: Int) -> Int { 2 * n - node }

        var requests: [MemoryPlan.Request] = []
        for index in 0...n {
            var last = index == n ? (trains ? n + 1 : n) : index - 1
            if trains, index > 0, flow.isWanted[index], nodes[index - 1].layer.backwardReads.contains(.output) {
                last = max(last, backwardMoment(index - 1))
            }
            for (reader, node) in nodes.enumerated() where node.inputs.contains(index) {
                let readsAgain = trains && flow.isWanted[reader + 1] && node.layer.backwardReads.contains(.inputs)
                last = max(last, readsAgain ? backwardMoment(reader) : reader)
            }
            requests.append(
                MemoryPlan.Request(
                    count: capacity * network.shape(ofActivation: index).count, life: (index - 1)...max(last, index - 1)
                ))
        }
        for (index, node) in nodes.enumerated() {
            requests.append(
                MemoryPlan.Request(
                    count: node.layer.savedCount(samples: capacity),
                    life: index...(trains ? backwardMoment(index) : index)))
        }
        requests.append(
            MemoryPlan.Request(
                count: nodes.map { $0.layer.workspaceCount(samples: capacity) }.max() ?? 0, life: -1...end))
        let gradientStart = requests.count
        if trains {
            for index in 0...n {
                guard let life = flow.life(ofGradient: index, backwardMoment) else {
                    requests.append(MemoryPlan.Request(count: 0, life: 0...0))
                    continue
                }
                requests.append(
                    MemoryPlan.Request(count: capacity * network.shape(ofActivation: index).count, life: life))
            }
        }
        if !sharesMemory { for index in requests.indices { requests[index].life = -1...end } }
        // Kernels read up to a vector register beyond the end.
        let plan = MemoryPlan(requests, margin: 2 * VectorRegister.numbers)
        activations = Array(plan.offsets[0...n])
        saved = Array(plan.offsets[n + 1..<2 * n + 1])
        workspace = plan.offsets[2 * n + 1]
        gradients = (0...n).map { trains && flow.isWanted[$0] ? plan.offsets[gradientStart + flow.owner[$0]] : nil }
        count = plan.count
    }
}

/// Which activations need a gradient, and which share the memory of theirs.
private struct GradientFlow {
    private(set) var isWanted: [Bool]
    private(set) var writes: [[PassPlan.GradientWrite]]
    /// The activation whose gradient's memory is used.
    private(set) var owner: [Int]
    private let nodes: [Network.Node]

    /// - Parameter handsOn: whether sums hand on the memory of their gradient.
    init(_ network: Network, handsOn: Bool) {
        nodes = network.nodes
        let n = nodes.count
        isWanted = Array(repeating: false, count: n + 1)
        owner = Array(0...n)
        writes = nodes.map { $0.inputs.map { _ in .sets } }
        for (index, node) in nodes.enumerated() {
            isWanted[index + 1] = node.layer.hasParameters || node.inputs.contains { isWanted[$0] }
        }
        var isWritten = Array(repeating: false, count: n + 1)
        for index in nodes.indices.reversed() {
            for (position, input) in nodes[index].inputs.enumerated() where isWanted[input] {
                if isWritten[input] {
                    writes[index][position] = .adds
                } else if handsOn, nodes[index].layer is Addition, canShare(index, position) {
                    writes[index][position] = .handsOn
                    owner[input] = owner[index + 1]
                }
                isWritten[input] = true
            }
        }
    }

    /// Whether an input of a sum may take the memory of the sum's gradient as its own.
    ///
    /// One may. The other one too if the first is read by the sum alone, its producer leaves the gradient as it is, and
    /// has run its backward pass before anything else is added for the second, or the second's producer changes it.
    private func canShare(_ sum: Int, _ position: Int) -> Bool {
        guard position > 0 else { return true }
        let (first, second) = (nodes[sum].inputs[0], nodes[sum].inputs[1])
        guard writes[sum][0] == .handsOn, first != second else { return writes[sum][0] != .handsOn }
        let readers = nodes.indices.filter { nodes[$0].inputs.contains(first) }
        let others = nodes.indices.filter { $0 != sum && nodes[$0].inputs.contains(second) }
        return readers == [sum] && first > 0 && leavesGradient(first) && others.allSatisfy { $0 < first - 1 }
            && (second < first || leavesGradient(second))
    }

    /// Whether the producer of an activation neither masks its gradient nor hands on the memory to those who do.
    private func leavesGradient(_ activation: Int) -> Bool {
        let producer = nodes[activation - 1].layer
        return !producer.rectifies && !(producer is Addition)
    }

    /// From the first write to the producer's backward pass, of all that share the memory; nil for those that own none.
    func life(ofGradient index: Int, _ backwardMoment: (Int) -> Int) -> ClosedRange<Int>? {
        guard isWanted[index], owner[index] == index else { return nil }
        let n = nodes.count
        var (first, last) = (Int.max, Int.min)
        for shared in owner.indices where owner[shared] == index && isWanted[shared] {
            let readers = nodes.indices.filter { nodes[$0].inputs.contains(shared) }
            first = min(first, shared == n ? n : backwardMoment(readers.last ?? n))
            last = max(last, shared > 0 ? backwardMoment(shared - 1) : 2 * n + 1)
        }
        return first...max(first, last)
    }
}
