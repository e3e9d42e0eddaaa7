import LinearAlgebra

/// A convolution with square kernels, as deep learning calls a cross-correlation, optionally followed by a ReLU.
///
/// Weights are (kernel × kernel × inputs × outputs): in products they are a matrix whose rows are what a pixel sees.
/// PyTorch's order is (outputs × inputs × kernel × kernel); `export` and the importer translate.
public struct Convolution: Layer {
    public let input: FeatureShape
    public let output: FeatureShape
    public let kernel: Int
    public let stride: Int
    public let padding: Int
    public var rectifies = false
    public var canRectify: Bool { true }
    public let weight: ParameterLayout.Slice
    public let bias: ParameterLayout.Slice?
    private let index: Int

    init(
        _ name: String, input: FeatureShape, outputs: Int, kernel: Int, stride: Int, padding: Int, bias: Bool,
        in layout: inout ParameterLayout
    ) {
        self.input = input
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        output = FeatureShape(
            height: Self.outputExtent(input.height, kernel: kernel, stride: stride, padding: padding),
            width: Self.outputExtent(input.width, kernel: kernel, stride: stride, padding: padding), channels: outputs)
        index = layout.slices.count
        weight = layout.add("\(name).weight", shape: [kernel, kernel, input.channels, outputs])
        self.bias = bias ? layout.add("\(name).bias", shape: [outputs]) : nil
    }

    /// Pixels along one side of the output; not positive where the kernel does not fit.
    static func outputExtent(_ extent: Int, kernel: Int, stride: Int, padding: Int) -> Int {
        extent + 2 * padding < kernel ? 0 : (extent + 2 * padding - kernel) / stride + 1
    }

    public var description: String { "conv(\(output.channels),\(kernel))" }
    public var state: [StateEntry] { [.kernel(weight)] + (bias.map { [StateEntry($0)] } ?? []) }
    public var backwardReads: ActivationSet { rectifies ? [.inputs, .output] : .inputs }
    public var operations: Double { 2 * Double(weight.count * output.pixels) }

    /// Winograd's algorithm needs some channels to be worth its transforms.
    var usesWinograd: Bool { kernel == 3 && stride == 1 && padding == 1 && input.channels >= 8 }

    public func workspaceCount(samples: Int) -> Int {
        usesWinograd ? WinogradPlan(self, samples: samples).workspaceCount : columnsWorkspaceCount
    }

    public func initialize<Scalar: BLASScalar>(
        _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>, seed: UInt64
    ) {
        initializeUniformly(
            parameters, weight, bias, fanIn: kernel * kernel * input.channels, index: index, seed: seed)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        if usesWinograd { forwardByWinograd(call) } else { forwardByColumns(call) }
        finishRows(
            call.output, rows: call.samples * output.pixels, columns: output.channels,
            bias: bias.map { call.parameters.pointer(to: $0) }, rectifies: rectifies)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let rows = call.samples * output.pixels
        if rectifies { maskRectified(call.outputGradient, output: call.output, count: rows * output.channels) }
        if let bias {
            addColumnSums(
                call.outputGradient, rows: rows, columns: output.channels, to: call.gradients.pointer(to: bias))
        }
        if usesWinograd { backwardByWinograd(call) } else { backwardByColumns(call) }
    }
}
