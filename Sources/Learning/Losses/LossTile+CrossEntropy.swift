import LinearAlgebra

extension LossTile {
    /// Σ log(1 + Σ_{j≠y} e^{z_j − z_y}) of the tile; with a scale, the logits become scale·(softmax(z) − e_y).
    ///
    /// With m = max z, t = e^{z_y − m} and R = Σ_{j≠y} e^{z_j − m}, the loss is (m − z_y) + log(1 + (R + (t − 1))):
    /// where the label has the largest logit t is exactly 1 and log1p(R) keeps the relative accuracy of a tiny loss;
    /// elsewhere the loss is at least log 2 and nothing cancels. Likewise softmax(z)_y − 1 is evaluated as −R/(R + t).
    @inline(__always)
    func crossEntropy(gradientScale: Scalar?) -> Double {
        let maximum = workspace.perSample.start
        let rest = maximum + LossWorkspace<Scalar>.tile
        let target = rest + LossWorkspace<Scalar>.tile
        let losses = workspace.losses.start
        gatherTargets(target)
        columnMaxima(maximum)

        for i in 0..<count { rest[i] = 0 }
        for k in 0..<classes {
            let row = logits + k * stride
            let label = Int32(truncatingIfNeeded: k)
            if gradientScale != nil {
                for i in 0..<count {
                    let e = exponential(ofNonpositive: row[i] - maximum[i])
                    row[i] = e
                    rest[i] += labels[i] == label ? 0 : e
                }
            } else {
                for i in 0..<count {
                    let e = exponential(ofNonpositive: row[i] - maximum[i])
                    rest[i] += labels[i] == label ? 0 : e
                }
            }
        }

        for i in 0..<count {
            let gap = target[i] - maximum[i]
            let t = exponential(ofNonpositive: gap)
            losses[i] = logarithm(ofOnePlus: Double(rest[i]) + (Double(t) - 1)) - Double(gap)
            target[i] = t
        }
        if let gradientScale { writeCrossEntropyGradient(gradientScale, rest: rest, target: target) }
        return sumOfLosses()
    }

    /// maximum[i] = max over classes of sample i's logits; NaN in the first row stays, NaN elsewhere shows in the sums.
    @inline(__always)
    private func columnMaxima(_ maximum: UnsafeMutablePointer<Scalar>) {
        for i in 0..<count { maximum[i] = logits[i] }
        for k in 1..<max(classes, 1) {
            let row = logits + k * stride
            for i in 0..<count { maximum[i] = row[i] > maximum[i] ? row[i] : maximum[i] }
        }
    }

    /// e^{z − m} in the logits becomes scale·(softmax − e_y).
    @inline(__always)
    private func writeCrossEntropyGradient(
        _ scale: Scalar, rest: UnsafeMutablePointer<Scalar>, target: UnsafeMutablePointer<Scalar>
    ) {
        for i in 0..<count {
            let factor = scale / (rest[i] + target[i])
            target[i] = factor
            rest[i] = -rest[i] * factor
        }
        for k in 0..<classes {
            let row = logits + k * stride
            let label = Int32(truncatingIfNeeded: k)
            for i in 0..<count { row[i] = labels[i] == label ? rest[i] : row[i] * target[i] }
        }
    }
}
