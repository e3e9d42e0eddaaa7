#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The learning rate over the steps of a training run of E epochs, from the base rate. Epochs are counted from 0, whole
/// or in fractions: e = step / steps an epoch.
public indirect enum LearningRateSchedule: Equatable, Sendable {
    case constant
    /// The rate is multiplied by `factor` at the start of each of these epochs (ascending).
    case step(factor: Double, epochs: [Int])
    /// From 1 to q = `finalFactor` times the base along half a cosine: q + (1 − q)(1 + cos πe/E)/2 (Loshchilov and
    /// Hutter 2017, without restarts). A new rate every step.
    case cosine(finalFactor: Double)
    /// Rises linearly to the base rate over the first `epochs` = w epochs, step by step, from (1/steps) to 1; then as
    /// the other schedule: a cosine has the E − w epochs that are left, epochs of a `step` are counted from the start.
    case warmup(epochs: Int, then: LearningRateSchedule)

    /// The rate of a step.
    ///
    /// - Parameters:
    ///   - step: counted from 0 over the whole run.
    ///   - stepsPerEpoch: batches in an epoch.
    ///   - epochs: E.
    public func rate(base: Double, step: Int, stepsPerEpoch: Int, epochs: Int) -> Double {
        precondition(step >= 0 && stepsPerEpoch > 0, "step of a schedule")
        switch self {
        case .constant: return base
        case .step(let factor, let milestones):
            return milestones.reduce(base) { $1 <= step / stepsPerEpoch ? $0 * factor : $0 }
        case .cosine(let final):
            return base * Self.cosine(to: final, at: Double(step) / Double(stepsPerEpoch), of: epochs)
        case .warmup(let rising, let then):
            let risingSteps = rising * stepsPerEpoch
            if step < risingSteps { return base * (Double(step + 1) / Double(risingSteps)) }
            guard case .cosine = then else {
                return then.rate(base: base, step: step, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
            }
            return then.rate(
                base: base, step: step - risingSteps, stepsPerEpoch: stepsPerEpoch, epochs: epochs - rising)
        }
    }

    /// From 1 at epoch 0 to `final` at epoch `end` and after it.
    private static func cosine(to final: Double, at epoch: Double, of end: Int) -> Double {
        let position = end > 0 ? min(epoch / Double(end), 1) : 1
        return final + (1 - final) * 0.5 * (1 + cos(.pi * position))
    }

    /// Epochs of rising rates; a run must be longer.
    public var warmupEpochs: Int {
        if case .warmup(let epochs, _) = self { epochs } else { 0 }
    }
}
