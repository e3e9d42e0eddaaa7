import LinearAlgebra

/// Cross-entropy against any non-negative targets, Σ_k t_k (−log softmax(z)_k) a sample: several labels at once, or the
/// positives of a contrastive loss.
///
/// Logits and targets are class-major, (classes × samples), row after row.
public struct SoftTargetLoss<Scalar: BLASScalar> {
    /// T (classes × samples).
    private let targets: Buffer<Scalar>
    /// Σ_k t_k of each sample.
    private let masses: Buffer<Scalar>
    private let classes: Int
    private let samples: Int
    private let workspace = LossWorkspace<Scalar>()

    /// - Parameters:
    ///   - masses: the sums of the targets' columns, given so that they are exact.
    public init(classes: Int, samples: Int, targets: Buffer<Scalar>, masses: Buffer<Scalar>) {
        precondition(
            classes >= 1 && targets.count == classes * samples && masses.count == samples, "shape of soft targets")
        self.classes = classes
        self.samples = samples
        self.targets = targets
        self.masses = masses
    }

    /// scale · Σ of the losses; the logits are replaced by their gradient, scale included, and `tangents` V, laid out
    /// as the logits, by scale·∇²ℓ(z_i)·v_i sample by sample.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate(
        logits: UnsafeMutablePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>? = nil, scale: Scalar
    ) -> Double {
        var sum = 0.0
        var first = 0
        while first < samples {
            let count = min(samples - first, LossWorkspace<Scalar>.tile)
            sum += evaluate(
                logits + first, tangents: tangents.map { $0 + first }, targets: targets.start + first,
                masses: masses.start + first, count: count, scale: scale)
            first += count
        }
        return sum * Double(scale)
    }

    /// A tile of samples.
    ///
    /// With m = max z, P the sum of e^{z − m} over the classes with a target and R over the others, the loss is
    /// mass·log(1 + (R + (P − 1))) + Σ_k t_k (m − z_k), and the gradient (mass·e_k − t_k·P − t_k·R)/(P + R): with one
    /// target that has the largest logit P is exactly 1, and a tiny loss keeps its relative accuracy.
    @inline(__always)
    private func evaluate(
        _ logits: UnsafeMutablePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>?,
        targets: UnsafePointer<Scalar>, masses: UnsafePointer<Scalar>, count: Int, scale: Scalar
    ) -> Double {
        let stride = samples
        let maximum = workspace.perSample.start
        let rest = maximum + LossWorkspace<Scalar>.tile
        let own = rest + LossWorkspace<Scalar>.tile
        let cost = own + LossWorkspace<Scalar>.tile
        let losses = workspace.losses.start
        findColumnMaxima(of: logits, stride: stride, classes: classes, count: count, into: maximum)
        for i in 0..<count { rest[i] = 0 }
        for i in 0..<count { own[i] = 0 }
        for i in 0..<count { cost[i] = 0 }
        for k in 0..<classes {
            let (row, target) = (logits + k * stride, targets + k * stride)
            for i in 0..<count {
                let gap = row[i] - maximum[i]
                let e = exponential(ofNonpositive: gap)
                row[i] = e
                cost[i] -= target[i] * gap
                rest[i] += target[i] > 0 ? 0 : e
                own[i] += target[i] > 0 ? e : 0
            }
        }
        for i in 0..<count {
            losses[i] =
                Double(masses[i]) * logarithm(ofOnePlus: Double(rest[i]) + (Double(own[i]) - 1)) + Double(cost[i])
        }
        if let tangents {
            multiplyCurvature(
                by: tangents, exponentials: logits, targets: targets, masses: masses, rest: rest, own: own,
                count: count,
                scale: scale)
        }
        for k in 0..<classes {
            let (row, target) = (logits + k * stride, targets + k * stride)
            for i in 0..<count {
                let numerator = (masses[i] * row[i] - target[i] * own[i]) - target[i] * rest[i]
                row[i] = numerator * (scale / (own[i] + rest[i]))
            }
        }
        return fixedOrderSum(losses, count)
    }

    /// v ← scale·mass·π ∘ (u − π·u), u = v less its mean over the targets, so that nothing cancels where they have
    /// nearly all of π.
    @inline(__always)
    private func multiplyCurvature(
        by tangents: UnsafeMutablePointer<Scalar>, exponentials: UnsafePointer<Scalar>,
        targets: UnsafePointer<Scalar>, masses: UnsafePointer<Scalar>, rest: UnsafePointer<Scalar>,
        own: UnsafePointer<Scalar>, count: Int, scale: Scalar
    ) {
        let origin = workspace.curvature.start
        let mean = origin + LossWorkspace<Scalar>.tile
        for i in 0..<count { origin[i] = 0 }
        for i in 0..<count { mean[i] = 0 }
        for k in 0..<classes {
            let (tangent, target) = (tangents + k * samples, targets + k * samples)
            for i in 0..<count { origin[i] += target[i] * tangent[i] }
        }
        for i in 0..<count { origin[i] /= masses[i] }
        for k in 0..<classes {
            let (tangent, row) = (tangents + k * samples, exponentials + k * samples)
            for i in 0..<count { mean[i] += row[i] * (tangent[i] - origin[i]) }
        }
        for i in 0..<count { mean[i] /= own[i] + rest[i] }
        for k in 0..<classes {
            let (tangent, row) = (tangents + k * samples, exponentials + k * samples)
            for i in 0..<count {
                let share = row[i] * (scale * masses[i] / (own[i] + rest[i]))
                tangent[i] = share * (tangent[i] - origin[i] - mean[i])
            }
        }
    }
}
