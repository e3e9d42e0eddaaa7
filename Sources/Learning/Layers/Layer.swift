import LinearAlgebra

/// One operation of a network, on all samples of a shard at once.
///
/// A value that knows sizes and where its parameters lie; all memory comes with each call, so one layer serves every
/// pass and every precision, and `NetworkPass` decides what is kept and what is written over. Activations are
/// (samples × height × width × channels), row by row.
public protocol Layer: Sendable {
    /// As in a list of layers: `conv(16,3)`.
    var description: String { get }
    var output: FeatureShape { get }

    /// Its parameters and running statistics as other programs know them; empty for a layer without.
    var state: [StateEntry] { get }

    /// Activations that `backward` reads again.
    var backwardReads: ActivationSet { get }

    /// Whether a ReLU is part of the layer. If so `backward` masks the gradient of its output in place.
    var rectifies: Bool { get set }

    /// Whether a ReLU can be made part of it.
    var canRectify: Bool { get }

    /// Numbers kept from forward to backward, beyond activations.
    func savedCount(samples: Int) -> Int

    /// Numbers of scratch memory, for forward and for backward.
    func workspaceCount(samples: Int) -> Int

    /// Floating-point operations of a forward pass of one sample.
    var operations: Double { get }

    /// Starting values of its parameters and statistics, a function of the seed alone.
    func initialize<Scalar: BLASScalar>(
        _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>, seed: UInt64)

    func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>)

    /// The gradient of its parameters, added; and that of its inputs, where wanted.
    func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>)
}

extension Layer {
    var hasParameters: Bool { !state.isEmpty }
    public var canRectify: Bool { false }
    public var rectifies: Bool {
        get { false }
        set { precondition(!newValue, "layer without a ReLU of its own") }
    }
    public func savedCount(samples: Int) -> Int { 0 }
    public func workspaceCount(samples: Int) -> Int { 0 }
    public var operations: Double { Double(output.count) }
    public func initialize<Scalar: BLASScalar>(
        _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>, seed: UInt64
    ) {}
}

public struct ActivationSet: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let inputs = ActivationSet(rawValue: 1)
    public static let output = ActivationSet(rawValue: 2)
}

/// What a shard is to layers whose result depends on more than its numbers.
public struct PassPurpose: Sendable {
    /// Batch normalisation takes the shard's own statistics, dropout drops.
    public var isTraining: Bool
    /// Samples of the shard over samples of its batch: its weight in the batch's statistics.
    public var shareOfBatch: Double
    public var seed: UInt64
    /// Counted from 0 over the whole training.
    public var step: Int
    /// Position of the shard's first sample in its batch.
    public var firstSample: Int

    public init(isTraining: Bool, shareOfBatch: Double = 1, seed: UInt64 = 0, step: Int = 0, firstSample: Int = 0) {
        self.isTraining = isTraining
        self.shareOfBatch = shareOfBatch
        self.seed = seed
        self.step = step
        self.firstSample = firstSample
    }

    /// Measuring: running statistics, nothing dropped.
    public static let inference = PassPurpose(isTraining: false)
}

/// One forward call of a layer. Reading a few numbers beyond an activation's end is allowed, writing is not.
public struct ForwardCall<Scalar: BLASScalar> {
    let samples: Int
    let input: UnsafePointer<Scalar>
    /// Of layers that join two branches.
    let secondInput: UnsafePointer<Scalar>?
    let output: UnsafeMutablePointer<Scalar>
    let saved: UnsafeMutablePointer<Scalar>
    let workspace: UnsafeMutablePointer<Scalar>
    let parameters: ParameterBlock<Scalar>
    /// Running statistics.
    let statistics: ParameterBlock<Scalar>
    /// Where a training pass adds the shard's own statistics, weighted by its share of the batch.
    let batchStatistics: ParameterBlock<Scalar>?
    let purpose: PassPurpose
}

/// One backward call of a layer.
public struct BackwardCall<Scalar: BLASScalar> {
    let samples: Int
    let input: UnsafePointer<Scalar>
    let secondInput: UnsafePointer<Scalar>?
    let output: UnsafePointer<Scalar>
    /// A layer that rectifies masks it in place; others leave it.
    let outputGradient: UnsafeMutablePointer<Scalar>
    let inputGradient: InputGradient<Scalar>?
    let secondInputGradient: InputGradient<Scalar>?
    let saved: UnsafeMutablePointer<Scalar>
    let workspace: UnsafeMutablePointer<Scalar>
    let parameters: ParameterBlock<Scalar>
    let gradients: ParameterBlock<Scalar>
}

/// Where the gradient of an activation goes.
struct InputGradient<Scalar: BLASScalar> {
    let start: UnsafeMutablePointer<Scalar>
    /// Another reader of the activation has put its share there already.
    let accumulates: Bool
    /// The memory is that of the layer's own output gradient.
    let isOutputGradient: Bool

    /// The share of one layer, number by number.
    @inline(__always)
    func write(count: Int, _ share: (Int) -> Scalar) {
        if accumulates {
            for i in 0..<count { start[i] += share(i) }
        } else {
            for i in 0..<count { start[i] = share(i) }
        }
    }
}

/// max(0, x) as arithmetic: a comparison becomes a branch in some loops. NaN passes, so a diverged run shows.
@inline(__always)
func rectified<Scalar: BLASScalar>(_ x: Scalar) -> Scalar { 0.5 * (x + x.magnitude) }

/// gradient ← 0 where the output of a ReLU is 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func maskRectified<Scalar: BLASScalar>(
    _ gradient: UnsafeMutablePointer<Scalar>, output: UnsafePointer<Scalar>, count: Int
) {
    for i in 0..<count { gradient[i] = output[i] > 0 ? gradient[i] : 0 }
}

/// sums[j] += Σ_r a[r, j] over the rows of a (rows × columns).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addColumnSums<Scalar: BLASScalar>(
    _ a: UnsafePointer<Scalar>, rows: Int, columns: Int, to sums: UnsafeMutablePointer<Scalar>
) {
    // Several rows as one, so that loops are long also with few columns.
    let (width, count) = (max(1, 128 / columns) * columns, rows * columns)
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: width) { partial in
        let partial = partial.baseAddress!
        for j in 0..<width { partial[j] = 0 }
        for start in stride(from: 0, to: count, by: width) {
            let values = a + start
            for j in 0..<min(width, count - start) { partial[j] += values[j] }
        }
        for start in stride(from: 0, to: width, by: columns) {
            for j in 0..<columns { sums[j] += partial[start + j] }
        }
    }
}

/// Memory for a layer's constants in Float64, at the start of its workspace.
@inline(__always)
func doubles<Scalar>(in workspace: UnsafeMutablePointer<Scalar>) -> UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(workspace).assumingMemoryBound(to: Double.self)
}
