import Learning
import LinearAlgebra

/// The objective of an unconstrained feature model in one precision, all samples at once: a network from the variables
/// to outputs, a loss of the outputs, and decays.
public final class UnconstrainedFeatureObjective<Scalar: BLASScalar>: TwiceDifferentiable {
    public let model: UnconstrainedFeatureModel
    public let variables: UnconstrainedFeatureVariables
    /// Class of each sample that has one label. Samples of several labels follow behind these.
    public let labels: [Int32]
    let network: OutputNetwork<Scalar>
    let loss: any OutputLoss<Scalar>
    /// The decays of `variables`: plain numbers, as slices count references.
    private let penalties: [(offset: Int, count: Int, decay: Double)]

    public init(_ model: UnconstrainedFeatureModel) {
        self.model = model
        variables = UnconstrainedFeatureVariables(model)
        network = OutputNetwork(model, variables)
        penalties = variables.decays.map { ($0.slice.offset, $0.slice.count, $0.decay) }
        let sets = model.samples.labels(classes: model.classes)
        labels = sets.prefix { $0.count == 1 }.map { Int32($0[0]) }
        loss =
            switch (model.loss, model.regularization) {
            case (.classification(let loss), _): ClassLoss(loss, classes: model.classes, labels: labels)
            case (.pickAllLabel, _): PickAllLabelLoss(classes: model.classes, labels: sets)
            case (.supervisedContrastive, .spheres(let temperature)):
                ContrastiveLoss(dimension: model.dimension, labels: labels, temperature: temperature)
            case (.supervisedContrastive, _): preconditionFailure("contrastive loss without spheres")
            }
    }

    public var layout: ParameterLayout { variables.layout }
    public var spheres: SphereProduct { variables.spheres }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate(at point: ParameterBlock<Scalar>, gradient: ParameterBlock<Scalar>) -> Double {
        network.forward(at: point)
        let mean = loss.evaluate(network.outputs)
        network.backward(at: point, into: gradient)
        var penalty = 0.0
        for (offset, count, decay) in penalties {
            let values = point.start + offset
            Scalar.axpy(count, Scalar(decay), values, gradient.start + offset)
            penalty += decay / 2 * Double(Scalar.dot(count, values, values))
        }
        return mean + penalty
    }

    /// By forward and reverse differentiation one after the other (Pearlmutter 1994): no differences are taken. Where a
    /// ReLU is at its kink the derivative 0 is taken, as in the gradient.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func multiplyHessian(
        at point: ParameterBlock<Scalar>, by direction: ParameterBlock<Scalar>, into product: ParameterBlock<Scalar>
    ) {
        network.forward(at: point)
        network.forwardTangent(at: point, along: direction)
        loss.differentiateTwice(network.outputs, tangents: network.outputTangents)
        network.backwardTangent(at: point, along: direction, into: product)
        for (offset, count, decay) in penalties {
            Scalar.axpy(count, Scalar(decay), direction.start + offset, product.start + offset)
        }
    }
}
