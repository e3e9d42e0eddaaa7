import LinearAlgebra

extension LossTile {
    /// Σ of cross-entropy, of its label-smoothed form (`smoothing`: α) or of the focal loss (`focusing`: γ) over the
    /// tile; with a scale, the logits become the gradient times it, and tangents, if there are any, their products with
    /// the second derivatives times it.
    ///
    /// With m = max z, t = e^{z_y − m} and R = Σ_{j≠y} e^{z_j − m}, cross-entropy is
    /// (m − z_y) + log(1 + (R + (t − 1))): where the label has the largest logit t is exactly 1 and log1p(R) keeps the
    /// relative accuracy of a tiny loss; elsewhere the loss is at least log 2 and nothing cancels. Likewise
    /// softmax(z)_y − 1 is evaluated as −R/(R + t).
    ///
    /// Smoothed it is log(1 + (R + (t − 1))) + (1 − α)(m − z_y) + α·mean(m − z), of which no term is negative.
    @inline(__always)
    func crossEntropy(gradientScale: Scalar?, smoothing: Double?, focusing: Double?) -> Double {
        let maximum = workspace.perSample.start
        let rest = maximum + LossWorkspace<Scalar>.tile
        let target = rest + LossWorkspace<Scalar>.tile
        // Σ (m − z) under label smoothing; what multiplies cross-entropy's gradient under the focal loss.
        let extra = target + LossWorkspace<Scalar>.tile
        let losses = workspace.losses.start
        gatherOwn(logits, into: target)
        findColumnMaxima(of: logits, stride: stride, classes: classes, count: count, into: maximum)

        for i in 0..<count { rest[i] = 0 }
        if smoothing != nil { for i in 0..<count { extra[i] = 0 } }
        for k in 0..<classes {
            let row = logits + k * stride
            let label = Int32(truncatingIfNeeded: k)
            for i in 0..<count {
                let gap = row[i] - maximum[i]
                let e = exponential(ofNonpositive: gap)
                if smoothing != nil { extra[i] -= gap }
                if gradientScale != nil { row[i] = e }
                rest[i] += labels[i] == label ? 0 : e
            }
        }

        let share = (smoothing ?? 0) / Double(classes)
        for i in 0..<count {
            let gap = target[i] - maximum[i]
            let t = exponential(ofNonpositive: gap)
            let logSum = logarithm(ofOnePlus: Double(rest[i]) + (Double(t) - 1))
            if let smoothing {
                losses[i] = logSum + share * Double(extra[i]) - (1 - smoothing) * Double(gap)
            } else {
                losses[i] = logSum - Double(gap)
            }
            target[i] = t
        }
        let bend = workspace.curvature.start
        if let focusing {
            focus(focusing, rest: rest, target: target, slope: extra, bend: tangents == nil ? nil : bend)
        }
        if let gradientScale {
            if let tangents {
                multiplySoftmaxCurvature(
                    by: tangents, gradientScale: gradientScale, rest: rest, target: target,
                    focus: focusing.map { _ in (UnsafePointer(extra), UnsafePointer(bend)) })
            }
            for i in 0..<count {
                var factor = gradientScale / (rest[i] + target[i])
                if focusing != nil { factor *= extra[i] }
                target[i] = factor
                rest[i] = -rest[i] * factor
            }
            writeGradient(own: rest, factor: target, shift: smoothing.map { _ in gradientScale * Scalar(share) })
        }
        return sumOfLosses()
    }

    /// e^{z − m} in the logits becomes factor·e^{z − m}, and `own` where the class is the sample's.
    ///
    /// - Parameter shift: scale·α/K: smoothing takes it from every class and gives K of it to the sample's own.
    @inline(__always)
    private func writeGradient(
        own: UnsafeMutablePointer<Scalar>, factor: UnsafeMutablePointer<Scalar>, shift: Scalar?
    ) {
        if let shift {
            let gain = shift * Scalar(classes)
            for i in 0..<count { own[i] += gain }
        }
        for k in 0..<classes {
            let row = logits + k * stride
            let label = Int32(truncatingIfNeeded: k)
            for i in 0..<count {
                let gradient = labels[i] == label ? own[i] : row[i] * factor[i]
                row[i] = shift.map { gradient - $0 } ?? gradient
            }
        }
    }
}
