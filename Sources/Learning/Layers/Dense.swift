import LinearAlgebra
import RandomNumbers

/// An affine map of each sample, y = W x + b, optionally followed by a ReLU.
public struct Dense: Layer {
    public let input: FeatureShape
    public let output: FeatureShape
    public var rectifies = false
    public var canRectify: Bool { true }
    /// W: (outputs × inputs), as in PyTorch.
    public let weight: ParameterLayout.Slice
    public let bias: ParameterLayout.Slice?
    /// Index of the weights in the layout: the stream of their initial values.
    private let index: Int

    init(_ name: String, input: FeatureShape, outputs: Int, bias: Bool, in layout: inout ParameterLayout) {
        self.input = input
        output = FeatureShape(vector: outputs)
        index = layout.slices.count
        weight = layout.add("\(name).weight", shape: [outputs, input.count])
        self.bias = bias ? layout.add("\(name).bias", shape: [outputs]) : nil
    }

    public var description: String { "dense(\(output.count))" }
    public var state: [StateEntry] { [StateEntry(weight)] + (bias.map { [StateEntry($0)] } ?? []) }
    public var backwardReads: ActivationSet { rectifies ? [.inputs, .output] : .inputs }
    public var operations: Double { 2 * Double(weight.count) }

    public func initialize<Scalar: BLASScalar>(
        _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>, seed: UInt64
    ) {
        initializeUniformly(parameters, weight, bias, fanIn: input.count, index: index, seed: seed)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let (m, n, k) = (call.samples, output.count, input.count)
        let y = call.output
        Scalar.gemm(.no, .yes, m, n, k, 1, call.input, k, call.parameters.pointer(to: weight), k, 0, y, n)
        finishRows(y, rows: m, columns: n, bias: bias.map { call.parameters.pointer(to: $0) }, rectifies: rectifies)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let (m, n, k) = (call.samples, output.count, input.count)
        let delta = call.outputGradient
        if rectifies { maskRectified(delta, output: call.output, count: m * n) }
        if let bias { addColumnSums(delta, rows: m, columns: n, to: call.gradients.pointer(to: bias)) }
        Scalar.gemm(.yes, .no, n, k, m, 1, delta, n, call.input, k, 1, call.gradients.pointer(to: weight), k)
        guard let target = call.inputGradient else { return }
        Scalar.gemm(
            .no, .no, m, k, n, 1, delta, n, call.parameters.pointer(to: weight), k, target.accumulates ? 1 : 0,
            target.start, k)
    }
}

/// PyTorch's default for linear and convolutional layers, kaiming_uniform with a = √5: uniform in ±1/√fanIn, weight and
/// bias.
///
/// - Parameter index: of the weights in their layout; slice `index` + 1 is the bias.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func initializeUniformly<Scalar: BLASScalar>(
    _ parameters: ParameterBlock<Scalar>, _ weight: ParameterLayout.Slice, _ bias: ParameterLayout.Slice?, fanIn: Int,
    index: Int, seed: UInt64
) {
    let bound = 1 / Double(fanIn).squareRoot()
    for (offset, slice) in [weight, bias].compactMap({ $0 }).enumerated() {
        let random = Philox(seed: seed, purpose: .initialization(index + offset))
        let target = parameters.pointer(to: slice)
        for i in 0..<slice.count { target[i] = Scalar((2 * random.uniform(at: UInt64(i)) - 1) * bound) }
    }
}

/// Adds a bias to every row, then rectifies.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func finishRows<Scalar: BLASScalar>(
    _ y: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, bias: UnsafeMutablePointer<Scalar>?, rectifies: Bool
) {
    guard let bias else {
        if rectifies { for i in 0..<rows * columns { y[i] = rectified(y[i]) } }
        return
    }
    // Several rows as one, so that loops are long also with few columns.
    let (width, count) = (max(1, 128 / columns) * columns, rows * columns)
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: width) { repeated in
        let repeated = repeated.baseAddress!
        for j in 0..<width { repeated[j] = bias[j % columns] }
        for start in stride(from: 0, to: count, by: width) {
            let values = y + start
            if rectifies {
                for j in 0..<min(width, count - start) { values[j] = rectified(values[j] + repeated[j]) }
            } else {
                for j in 0..<min(width, count - start) { values[j] += repeated[j] }
            }
        }
    }
}
