import LinearAlgebra

/// The last layer, from features h to logits: z = W h + b, or with normalised features or classifiers
/// z = τ Ŵ ĥ + b.
///
/// Logits are class-major, (classes × samples), as the losses want them.
public struct ClassifierHead: Sendable {
    /// How a head is made, before widths are known.
    public struct Style: Sendable {
        public var bias: Bool
        /// Makes a classifier (classes × features) that is not trained; nil for one that is.
        public var fixed: (@Sendable (_ classes: Int, _ features: Int) -> Matrix)?
        public var normalization: Normalization
        /// τ; 1 where nothing is normalised.
        public var temperature: Double

        public init(
            bias: Bool = true, fixed: (@Sendable (_ classes: Int, _ features: Int) -> Matrix)? = nil,
            normalization: Normalization = .none, temperature: Double = 1
        ) {
            self.bias = bias
            self.fixed = fixed
            self.normalization = normalization
            self.temperature = temperature
        }
    }

    public enum Normalization: String, Sendable, CaseIterable {
        case none
        case features
        case both
    }

    public let inputWidth: Int
    public let classes: Int
    /// W, (classes × inputWidth), as in PyTorch; nil where it is fixed.
    public let weight: ParameterLayout.Slice?
    public let bias: ParameterLayout.Slice?
    public let style: Style
    private let index: Int

    init(_ name: String, inputWidth: Int, classes: Int, style: Style, in layout: inout ParameterLayout) {
        self.inputWidth = inputWidth
        self.classes = classes
        self.style = style
        index = layout.slices.count
        weight = style.fixed == nil ? layout.add("\(name).weight", shape: [classes, inputWidth]) : nil
        bias = style.bias ? layout.add("\(name).bias", shape: [classes]) : nil
    }

    /// Numbers of a classifier that is not trained.
    public var fixedCount: Int { weight == nil ? classes * inputWidth : 0 }

    var normalizesFeatures: Bool { style.normalization != .none }
    var normalizesClassifier: Bool { style.normalization == .both }

    /// W, trained or fixed, (classes × inputWidth).
    public func classifierMatrix<Scalar: BLASScalar>(at parameters: ParameterBlock<Scalar>) -> Matrix {
        guard let weight else { return fixedMatrix }
        return Matrix(rows: classes, columns: inputWidth, copying: parameters.pointer(to: weight))
    }

    /// The classifier that is not trained.
    var fixedMatrix: Matrix {
        guard let matrix = style.fixed?(classes, inputWidth) else { preconditionFailure("head without a classifier") }
        precondition(matrix.rows == classes && matrix.columns == inputWidth, "shape of a fixed classifier")
        return matrix
    }

    func initialize<Scalar: BLASScalar>(_ parameters: ParameterBlock<Scalar>, seed: UInt64) {
        let slices = [weight, bias].compactMap { $0 }
        guard let first = slices.first else { return }
        initializeUniformly(
            parameters, first, slices.count > 1 ? slices[1] : nil, fanIn: inputWidth, index: index, seed: seed)
    }
}

/// Memory of a head for up to `capacity` samples, and its two passes.
final class HeadPass<Scalar: BLASScalar> {
    private let head: ClassifierHead
    /// (classes × samples): the logits, or after a loss their gradient.
    let logits: Buffer<Scalar>
    private let fixed: Buffer<Scalar>?
    /// Normalised features and 1/‖h‖; normalised classifiers and 1/‖w‖.
    private let unitFeatures: Buffer<Scalar>
    private let featureScales: Buffer<Scalar>
    private let unitClassifiers: Buffer<Scalar>
    private let classifierScales: Buffer<Scalar>
    /// Gradient with respect to the normalised classifiers.
    private let classifierGradient: Buffer<Scalar>

    init(_ head: ClassifierHead, capacity: Int) {
        self.head = head
        let (d, k) = (head.inputWidth, head.classes)
        logits = Buffer(count: capacity * k)
        fixed = head.weight == nil ? Buffer(head.fixedMatrix.elements.map { Scalar($0) }) : nil
        unitFeatures = Buffer(count: head.normalizesFeatures ? capacity * d : 0)
        featureScales = Buffer(count: head.normalizesFeatures ? capacity : 0)
        unitClassifiers = Buffer(count: head.normalizesClassifier ? k * d : 0)
        classifierScales = Buffer(count: head.normalizesClassifier ? k : 0)
        classifierGradient = Buffer(count: head.normalizesClassifier ? k * d : 0)
    }

    private func classifier(_ parameters: ParameterBlock<Scalar>) -> UnsafeMutablePointer<Scalar> {
        if let fixed { return fixed.start }
        guard let weight = head.weight else { preconditionFailure("head without a classifier") }
        return parameters.pointer(to: weight)
    }

    /// features are (samples × inputWidth).
    @inline(__always)
    func forward(_ features: UnsafePointer<Scalar>, samples: Int, at parameters: ParameterBlock<Scalar>) {
        let (d, k) = (head.inputWidth, head.classes)
        var (h, w) = (features, UnsafePointer(classifier(parameters)))
        if head.normalizesFeatures {
            normalizeRows(h, rows: samples, columns: d, into: unitFeatures.start, scales: featureScales.start)
            h = UnsafePointer(unitFeatures.start)
        }
        if head.normalizesClassifier {
            normalizeRows(w, rows: k, columns: d, into: unitClassifiers.start, scales: classifierScales.start)
            w = UnsafePointer(unitClassifiers.start)
        }
        Scalar.gemm(
            .no, .yes, k, samples, d, Scalar(head.style.temperature), w, d, h, d, 0, logits.start, samples)
        guard let bias = head.bias else { return }
        let b = parameters.pointer(to: bias)
        for row in 0..<k {
            let (target, value) = (logits.start + row * samples, b[row])
            for i in 0..<samples { target[i] += value }
        }
    }

    /// The gradients of W and b, added, and that of the features, from the gradient that `logits` holds.
    @inline(__always)
    func backward(
        _ features: UnsafePointer<Scalar>, samples: Int, at parameters: ParameterBlock<Scalar>,
        addingTo gradients: ParameterBlock<Scalar>, featureGradient: UnsafeMutablePointer<Scalar>?
    ) {
        let (d, k, tau) = (head.inputWidth, head.classes, Scalar(head.style.temperature))
        let h = head.normalizesFeatures ? UnsafePointer(unitFeatures.start) : features
        if let bias = head.bias {
            let target = gradients.pointer(to: bias)
            for row in 0..<k { target[row] += fixedOrderSum(logits.start + row * samples, samples) }
        }
        if let weight = head.weight {
            let gradient = gradients.pointer(to: weight)
            if head.normalizesClassifier {
                let unit = classifierGradient.start
                Scalar.gemm(.no, .no, k, d, samples, tau, logits.start, samples, h, d, 0, unit, d)
                projectRows(
                    unit, rows: k, columns: d, units: unitClassifiers.start, scales: classifierScales.start)
                Scalar.axpy(k * d, 1, unit, gradient)
            } else {
                Scalar.gemm(.no, .no, k, d, samples, tau, logits.start, samples, h, d, 1, gradient, d)
            }
        }
        guard let featureGradient else { return }
        let w = head.normalizesClassifier ? unitClassifiers.start : classifier(parameters)
        Scalar.gemm(.yes, .no, samples, d, k, tau, logits.start, samples, w, d, 0, featureGradient, d)
        if head.normalizesFeatures {
            projectRows(
                featureGradient, rows: samples, columns: d, units: unitFeatures.start, scales: featureScales.start)
        }
    }
}

/// Rows of length 1, and the inverse lengths; a row of zeros stays one, with inverse length 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func normalizeRows<Scalar: BLASScalar>(
    _ x: UnsafePointer<Scalar>, rows: Int, columns: Int, into units: UnsafeMutablePointer<Scalar>,
    scales: UnsafeMutablePointer<Scalar>
) {
    for row in 0..<rows {
        let (source, target) = (x + row * columns, units + row * columns)
        let norm = Scalar.dot(columns, source, source).squareRoot()
        // NaN is kept: a diverged run shows.
        let scale: Scalar = norm == 0 ? 0 : 1 / norm
        scales[row] = scale
        for j in 0..<columns { target[j] = source[j] * scale }
    }
}

/// From the gradient g of a unit vector u = x/‖x‖ to that of x: (g − u (u·g))/‖x‖.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func projectRows<Scalar: BLASScalar>(
    _ gradient: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, units: UnsafePointer<Scalar>,
    scales: UnsafePointer<Scalar>
) {
    for row in 0..<rows {
        let (g, u) = (gradient + row * columns, units + row * columns)
        let (along, scale) = (Scalar.dot(columns, u, g), scales[row])
        for j in 0..<columns { g[j] = (g[j] - u[j] * along) * scale }
    }
}
