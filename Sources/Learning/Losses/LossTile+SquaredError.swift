import LinearAlgebra

extension LossTile {
    /// Σ ½‖z − e_y‖² of the tile; with a scale, the logits become scale·(z − e_y).
    @inline(__always)
    func meanSquaredError(gradientScale: Scalar?) -> Double {
        let losses = workspace.losses.start
        for i in 0..<count {
            precondition(labels[i] >= 0 && Int(labels[i]) < classes, "label out of range")
            losses[i] = 0
        }
        for k in 0..<classes {
            let row = logits + k * stride
            let label = Int32(truncatingIfNeeded: k)
            if let gradientScale {
                for i in 0..<count {
                    let difference = row[i] - (labels[i] == label ? 1 : 0)
                    losses[i] += 0.5 * Double(difference) * Double(difference)
                    row[i] = gradientScale * difference
                }
            } else {
                for i in 0..<count {
                    let difference = row[i] - (labels[i] == label ? 1 : 0)
                    losses[i] += 0.5 * Double(difference) * Double(difference)
                }
            }
        }
        return sumOfLosses()
    }
}
