import LinearAlgebra

extension LossTile {
    /// Σ ½[κ(z_y − M)² + Σ_{j≠y} z_j²] of the tile, κ the `weight` and M the `target` of the sample's own class, both 1
    /// for the plain squared error; with a scale, the logits become their gradient times it, and tangents, if there are
    /// any, their products with the second derivatives times it.
    @inline(__always)
    func squaredError(gradientScale: Scalar?, weight: Double, target: Double) -> Double {
        let losses = workspace.losses.start
        for i in 0..<count {
            precondition(labels[i] >= 0 && Int(labels[i]) < classes, "label out of range")
            losses[i] = 0
        }
        let target = Scalar(target)
        let slope = (gradientScale ?? 0) * Scalar(weight)
        for k in 0..<classes {
            let row = logits + k * stride
            let label = Int32(truncatingIfNeeded: k)
            if let gradientScale {
                for i in 0..<count {
                    let isOwn = labels[i] == label
                    let difference = row[i] - (isOwn ? target : 0)
                    losses[i] += (isOwn ? 0.5 * weight : 0.5) * Double(difference) * Double(difference)
                    row[i] = (isOwn ? slope : gradientScale) * difference
                }
                if let tangents {
                    let tangent = tangents + k * stride
                    for i in 0..<count { tangent[i] *= labels[i] == label ? slope : gradientScale }
                }
            } else {
                for i in 0..<count {
                    let isOwn = labels[i] == label
                    let difference = row[i] - (isOwn ? target : 0)
                    losses[i] += (isOwn ? 0.5 * weight : 0.5) * Double(difference) * Double(difference)
                }
            }
        }
        return sumOfLosses()
    }
}
