import LinearAlgebra

extension LossTile {
    /// Cross-entropies L in the tile's losses become focal ones, q^γ·L with q = 1 − p = R/(R + t).
    ///
    /// The gradient of the focal loss is cross-entropy's times q^γ(1 + γ·p·L/q), a number a sample, left in `slope`.
    /// As q → 0 so does L, L/q → 1. Whole powers of q are products; the rest of γ goes through e^{γ log q}, whose
    /// relative error is that of its argument, a few |γ log q| units in the last place.
    ///
    /// With s this number, −q·p·ds/dp = γ p q^γ (2 − L + (γ − 1) p L/q) is what second derivatives need: left in
    /// `bend`.
    @inline(__always)
    func focus(
        _ gamma: Double, rest: UnsafePointer<Scalar>, target: UnsafePointer<Scalar>,
        slope: UnsafeMutablePointer<Scalar>, bend: UnsafeMutablePointer<Scalar>?
    ) {
        let losses = workspace.losses.start
        let power = workspace.powers.start
        let q = power + LossWorkspace<Scalar>.tile
        for i in 0..<count { q[i] = Double(rest[i]) / (Double(rest[i]) + Double(target[i])) }

        // Beyond 64 products the exponential is as exact, and quicker.
        let whole = gamma < 64 ? Int(gamma) : 0
        let fraction = gamma - Double(whole)
        if fraction > 0 {
            for i in 0..<count {
                // −log q = log(1 + t/R)
                let root = exponential(
                    ofNonpositive: -fraction * logarithm(ofOnePlus: Double(target[i]) / Double(rest[i])))
                power[i] = q[i] > 0 ? root : 0
            }
        } else {
            for i in 0..<count { power[i] = 1 }
        }
        for _ in 0..<whole { for i in 0..<count { power[i] *= q[i] } }

        for i in 0..<count {
            let ratio = q[i] > 0 ? losses[i] / q[i] : 1
            let p = Double(target[i]) / (Double(rest[i]) + Double(target[i]))
            slope[i] = Scalar(power[i] * (1 + gamma * p * ratio))
            if let bend {
                bend[i] = Scalar(gamma * p * power[i] * (2 - losses[i] + (gamma - 1) * p * ratio))
            }
            losses[i] *= power[i]
        }
    }
}
