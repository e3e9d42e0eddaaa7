import Learning
import LinearAlgebra

/// A critical point of the objective that theory constructs.
public struct CriticalPoint: Sendable {
    public let value: Double
    /// In as many dimensions as the rank of WH; further ones are zero.
    public let configuration: ClassConfiguration
    /// ‖∇g‖₂ − Λ: above zero the point has the curvature −2 times this along its escape direction
    /// in any dimension above `rank`. nil where hidden layers make it mean nothing.
    public let excess: Double?

    /// The rank of WH.
    public var rank: Int { configuration.dimension }
}

extension UnconstrainedFeatureModel {
    /// A minimiser of the model whose features have no more than `rank` dimensions: a critical point in all d, and with
    /// rank < K − 1 and little decay a saddle. Under decays, with a classifier that is learned; nil elsewhere.
    ///
    /// The point is the same each time. Its rank is lower where decays collapse the model further: read it off.
    public func saddle(rank: Int) -> CriticalPoint? {
        guard let decays, classifier == .learned, rank >= 0, rank <= dimension,
            case .classification(let loss) = loss
        else { return nil }
        if loss == .meanSquaredError, biasDecay == 0 {
            guard let point = spectralOptimum(decays, rank: rank), let configuration = point.configuration else {
                return nil
            }
            return CriticalPoint(value: point.value, configuration: configuration, excess: excess(loss, configuration))
        }
        guard let program = classProgram(loss, dimension: rank) else { return nil }
        guard program.layout.count > 0 else {
            let zero = ClassConfiguration.zero(classes: classes, bias: nil)
            let value = program.lossAndGradient(ParameterBlock(layout: program.layout)).value
            return CriticalPoint(value: value, configuration: zero, excess: excess(loss, zero))
        }
        let point = program.minimum()
        let configuration = program.configuration(point, decays: decays)
        return CriticalPoint(
            value: program.evaluate(point, ParameterBlock(layout: program.layout)), configuration: configuration,
            excess: excess(loss, configuration))
    }

    /// ‖∇g‖₂ − Λ where all features of a class are equal: ∇g has the singular values of the class gradients times
    /// √n_k/N.
    func excess(_ loss: ClassificationLoss, _ configuration: ClassConfiguration) -> Double? {
        guard let nuclearDecay, hidden == nil else { return nil }
        return classGradient(loss, logits: configuration.logits).singularValues().values[0] - nuclearDecay
    }

    /// G (K × K): column k is √n_k/N times the gradient of the loss of a sample of class k whose logits are column k.
    func classGradient(_ loss: ClassificationLoss, logits: Matrix) -> Matrix {
        let (sample, sizes, count) = (SampleLoss(loss), classSizes, Double(sampleCount))
        let columns = (0..<classes).map { k in
            let gradient = sample.evaluate((0..<classes).map { logits[$0, k] }, label: k).gradient
            return gradient.map { $0 * Double(sizes[k]).squareRoot() / count }
        }
        return Matrix(rows: classes, columns: classes) { columns[$1][$0] }
    }
}
