import LinearAlgebra

extension LossTile {
    /// Tangents v of the tile become scale·∇²ℓ·v, ℓ cross-entropy (smoothed or not: its targets do not enter) or the
    /// focal loss. Logits hold e^{z − m}; `rest` is R and `target` t of `crossEntropy`.
    ///
    /// With π = softmax(z), ∇²ℓ·v = π ∘ (u − π·u), u = v − v_y: what is common to all classes does nothing, and
    /// measured from the sample's own class nothing cancels where π_y is close to 1. π·u = q·ū with q = R/(R + t) and ū
    /// the mean of u over the wrong classes. The focal loss has s times that, s its `slope`, and
    /// −p·ds/dp·(π·u)·(π − e_y) = bend·ū·(π − e_y).
    ///
    /// - Parameter focus: slope and bend of `focus`, a number a sample; nil for cross-entropy.
    @inline(__always)
    func multiplySoftmaxCurvature(
        by tangents: UnsafeMutablePointer<Scalar>, gradientScale: Scalar, rest: UnsafePointer<Scalar>,
        target: UnsafePointer<Scalar>, focus: (slope: UnsafePointer<Scalar>, bend: UnsafePointer<Scalar>)?
    ) {
        let own = workspace.curvature.start + LossWorkspace<Scalar>.tile
        let mean = own + LossWorkspace<Scalar>.tile
        gatherOwn(tangents, into: own)
        for i in 0..<count { mean[i] = 0 }
        for k in 0..<classes {
            let (row, tangent) = (logits + k * stride, tangents + k * stride)
            for i in 0..<count { mean[i] += row[i] * (tangent[i] - own[i]) }
        }
        for k in 0..<classes {
            let (row, tangent) = (logits + k * stride, tangents + k * stride)
            let label = Int32(truncatingIfNeeded: k)
            for i in 0..<count {
                let factor = gradientScale / (rest[i] + target[i])
                let share = mean[i] / (rest[i] + target[i])
                let plain = row[i] * factor * (tangent[i] - own[i] - share)
                guard let focus else {
                    tangent[i] = plain
                    continue
                }
                // ū = Σ e u / R; where R is 0 so is everything.
                let bent = rest[i] > 0 ? focus.bend[i] * (mean[i] / rest[i]) : 0
                let residual = labels[i] == label ? -rest[i] : row[i]
                tangent[i] = focus.slope[i] * plain + bent * residual * factor
            }
        }
    }
}
