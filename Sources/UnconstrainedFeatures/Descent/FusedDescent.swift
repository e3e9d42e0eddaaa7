import Learning
import LinearAlgebra

/// One trial of gradient descent with heavy-ball momentum.
public struct DescentTrial: Sendable {
    public let model: UnconstrainedFeatureModel
    public let learningRate: Double
    public let momentum: Double

    public init(_ model: UnconstrainedFeatureModel, learningRate: Double, momentum: Double) {
        self.model = model
        self.learningRate = learningRate
        self.momentum = momentum
    }
}

/// Where a trial stands: all at its present point.
public struct DescentState: Sendable, Equatable {
    public var objective = Double.nan
    /// ‖∇f‖
    public var gradientNorm = Double.nan
    /// ‖θ‖
    public var parameterNorm = Double.nan
}

/// Full-batch gradient descent with momentum on unconstrained features, v ← m·v + ∇f(θ), θ ← θ − η·v, in one pass over
/// the features a step: of one trial, or of as many as a vector has lanes, each with its own decays, rate, momentum and
/// start.
///
/// A step moves by the velocity it finds, evaluates where it arrives, and leaves the velocity of the next move. A tile
/// of samples is moved, its logits, losses and both gradients are computed and its velocity is updated before the next
/// tile is touched. `UnconstrainedFeatureObjective` with `GradientDescent` is the same, in as many passes as it has
/// terms.
public final class FusedDescent<Scalar: BLASScalar> {
    public let shape: DescentShape
    public let form: DescentForm
    /// How many trials run side by side.
    public let trials: Int

    let layout: DescentLayout<Scalar>
    /// Wᵀ (d × K), in a pack with a number for each lane.
    let classifier: DescentVariable<Scalar>
    /// b (K), likewise.
    let bias: DescentVariable<Scalar>?
    /// H, as `layout` says.
    let features: DescentVariable<Scalar>
    /// Class of the sample of each column of the logits.
    let labels: [Int32]
    /// η and m, a number for each lane.
    let rate: Buffer<Scalar>
    let momentum: Buffer<Scalar>
    /// Z (K × columns) of a tile, overwritten by ∂f/∂Z.
    let logits: Buffer<Scalar>
    /// max Z of each column.
    let maxima: Buffer<Scalar>
    /// W (K × d), a copy; BLAS needs none.
    let transposedClassifier: Buffer<Scalar>
    /// ∂f/∂W and ∂f/∂b before the lanes are added: (d, even × K × lanes) and (K × lanes). With BLAS, without lanes.
    let classifierSums: Buffer<Scalar>
    let biasSums: Buffer<Scalar>
    /// ∂f/∂H of a tile where BLAS computes it.
    let featureGradient: Buffer<Scalar>
    /// Squares of a tile's gradient and features, a vector each.
    let tileSquares: Buffer<Scalar>
    /// nil for other losses.
    let crossEntropy: SortedCrossEntropy<Scalar>?
    let workspace = LossWorkspace<Scalar>()
    /// Σ of the losses, ‖∇f‖², ‖W‖², ‖H‖² and ‖b‖² of each lane, then of each trial.
    let sums: Buffer<Double>

    private var decays: [(classifier: Double, features: Double, bias: Double)]

    public convenience init(_ shape: DescentShape) {
        self.init(shape, form: DescentForm(for: shape, Scalar.self), tileVectors: nil)
    }

    /// How many trials of a shape run side by side.
    public static func trials(of shape: DescentShape, _ form: DescentForm) -> Int {
        form == .packed ? DescentLayout<Scalar>.lanes : 1
    }

    /// In another form or other tiles than the shape's own, for measurements.
    public init(_ shape: DescentShape, form: DescentForm, tileVectors: Int?) {
        self.shape = shape
        self.form = form
        let lanes = DescentLayout<Scalar>.lanes
        let layout = DescentLayout<Scalar>(shape, form, tileVectors: tileVectors)
        self.layout = layout
        trials = Self.trials(of: shape, form)
        labels = form == .packed ? shape.labels.flatMap { Array(repeating: $0, count: lanes) } : shape.labels
        let width = trials
        crossEntropy =
            shape.loss == .crossEntropy ? SortedCrossEntropy(columns: shape.classSizes.map { $0 * width }) : nil
        let (k, d) = (shape.classes, shape.dimension)
        let columns = layout.tileVectors * lanes
        classifier = DescentVariable(count: d * k * trials)
        bias = shape.hasBias ? DescentVariable(count: k * trials) : nil
        features = DescentVariable(count: layout.featureCount)
        rate = Buffer(count: lanes)
        momentum = Buffer(count: lanes)
        logits = Buffer(count: k * columns)
        maxima = Buffer(count: columns)
        transposedClassifier = Buffer(count: form == .blas ? 0 : classifier.values.count)
        classifierSums = Buffer(count: (d + 1) / 2 * 2 * k * lanes)
        biasSums = Buffer(count: k * lanes)
        featureGradient = Buffer(count: form == .blas ? d * columns : 0)
        tileSquares = Buffer(count: 2 * lanes)
        sums = Buffer(count: DescentSum.allCases.count * lanes)
        decays = Array(repeating: (0, 0, 0), count: trials)
    }

    /// Puts a trial into a lane, at a point and at rest. The next step evaluates it there.
    ///
    /// - Parameter point: of the layout of the variables.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func place(
        _ trial: DescentTrial, at point: ParameterBlock<Scalar>, _ variables: UnconstrainedFeatureVariables,
        lane: Int = 0
    ) {
        let model = trial.model
        guard DescentShape(model) == shape, lane < trials, let (classifierDecay, featureDecay) = model.decays else {
            preconditionFailure("a trial of another shape")
        }
        decays[lane] = (classifierDecay, featureDecay, model.biasDecay)
        for place in form == .packed ? lane..<lane + 1 : 0..<DescentLayout<Scalar>.lanes {
            rate[place] = Scalar(trial.learningRate)
            momentum[place] = Scalar(trial.momentum)
            classifier.decay[place] = Scalar(classifierDecay)
            features.decay[place] = Scalar(featureDecay)
            bias?.decay[place] = Scalar(model.biasDecay)
        }
        forEachNumber(of: point, variables, lane: lane) { number, variable, place in
            variable.values.start[place] = number.pointee
            variable.velocity.start[place] = 0
        }
    }

    /// Copies where a lane's trial stands.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func copyPoint(
        of lane: Int = 0, to point: ParameterBlock<Scalar>, _ variables: UnconstrainedFeatureVariables
    ) {
        forEachNumber(of: point, variables, lane: lane) { number, variable, place in
            number.pointee = variable.values.start[place]
        }
    }

    @inline(__always)
    private func forEachNumber(
        of point: ParameterBlock<Scalar>, _ variables: UnconstrainedFeatureVariables, lane: Int,
        _ body: (UnsafeMutablePointer<Scalar>, DescentVariable<Scalar>, Int) -> Void
    ) {
        let (k, d, count) = (shape.classes, shape.dimension, layout.samples)
        let weights = point.pointer(to: variables.classifier!)
        for row in 0..<d {
            for label in 0..<k { body(weights + label * d + row, classifier, (row * k + label) * trials + lane) }
        }
        if let bias, let slice = variables.bias {
            for label in 0..<k { body(point.pointer(to: slice) + label, bias, label * trials + lane) }
        }
        let h = point.pointer(to: variables.features)
        for row in 0..<d {
            for sample in 0..<count {
                body(h + row * count + sample, features, layout.place(row: row, sample: sample, lane: lane))
            }
        }
    }

    /// Moves every trial by its velocity and evaluates it where it arrives.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func step() { makeStep() }

    // A function of its own: in the public one the part for any other Scalar would make its type metadata each time.
    @inline(never)
    private func makeStep() {
        switch form {
        case .packed: pass(LaneCoefficients.self)
        case .tiled: pass(SharedCoefficients.self)
        case .blas: passByBLAS()
        }
    }

    /// Where a lane's trial stands after a step.
    public func state(of lane: Int = 0) -> DescentState {
        func sum(_ quantity: DescentSum) -> Double { sums[quantity.rawValue * DescentLayout<Scalar>.lanes + lane] }
        let decay = decays[lane]
        let squares = (sum(.classifier), sum(.features), sum(.bias))
        return DescentState(
            objective: sum(.loss) / Double(layout.samples) + decay.classifier / 2 * squares.0
                + decay.features / 2 * squares.1 + decay.bias / 2 * squares.2,
            gradientNorm: sum(.gradient).squareRoot(),
            parameterNorm: (squares.0 + squares.1 + squares.2).squareRoot())
    }
}

/// What is added up over a pass.
enum DescentSum: Int, CaseIterable { case loss, gradient, classifier, features, bias }

/// W, H or b: where it stands, how it moves, its decay a number for each lane. Padded with zeros to whole vectors.
final class DescentVariable<Scalar: BLASScalar> {
    let values: Buffer<Scalar>
    let velocity: Buffer<Scalar>
    let decay: Buffer<Scalar>

    init(count: Int) {
        let lanes = DescentLayout<Scalar>.lanes
        let padded = (count + lanes - 1) / lanes * lanes
        values = Buffer(count: padded)
        velocity = Buffer(count: padded)
        decay = Buffer(count: lanes)
    }
}
