import Learning
import LinearAlgebra

extension UnconstrainedFeatureModel {
    /// The model with one feature a class and features of r dimensions.
    func classProgram(_ loss: ClassificationLoss, dimension: Int) -> ClassProgram? {
        guard let nuclearDecay, classifier == .learned, hidden == nil, let sizes = samples.classSizes(classes: classes)
        else { return nil }
        return ClassProgram(
            sizes: sizes, loss: loss, nuclearDecay: nuclearDecay, biasDecay: bias == .none ? nil : biasDecay,
            dimension: dimension)
    }

    /// Whether `optimum` is sought by the program below, so that its existence shows only in solving it.
    public var needsClassProgram: Bool {
        guard case .classification(let loss) = loss, decays != nil, classifier == .learned, hidden == nil,
            samples.samplesPerClass == nil, loss.isConvex
        else { return false }
        guard loss == .meanSquaredError else { return true }
        if case .decayed = bias { return true } else { return false }
    }

    /// Convex losses, classes of any sizes: the program solved numerically and kept only if its dual proves that
    /// nothing lies below, by more than 10⁻⁹ of it (its own error is of second order in what that leaves open). In d
    /// dimensions that may fail, as then the rank is bound; with d ≥ K − 1 under cross-entropy (the columns of X sum to
    /// zero), d ≥ K under squared errors it is not.
    func unequalClassesOptimum(_ loss: ClassificationLoss) -> Optimum? {
        let sample = SampleLoss(loss)
        guard sample.isConvex else { return nil }
        let largestRank = sample.isShiftInvariant || bias == .free ? classes - 1 : classes
        // One dimension to spare: then no local minimum is anything but global.
        let program = classProgram(loss, dimension: dimension >= largestRank ? largestRank + 1 : dimension)
        guard let program, let decays else { return nil }
        let point = program.minimum()
        let value = program.evaluate(point, ParameterBlock(layout: program.layout))
        guard value - program.lowerBound(point) <= 1e-9 * value else { return nil }
        return Optimum(
            value: value, configuration: program.configuration(point, decays: decays), sizes: classSizes)
    }
}
