import Learning
import LinearAlgebra

/// What symmetries say of the Hessian's eigenvalues.
extension UnconstrainedFeatureModel {
    /// Zero modes of a configuration of rank r that has no flat directions but its symmetries: rotations of feature
    /// space, r(d−r) + r(r−1)/2 of them, and the shift of a free bias, where the loss sees differences of logits only.
    public func symmetryZeroModes(rank r: Int) -> Int {
        guard case .classification(let loss) = loss else { return r * (dimension - r) + r * (r - 1) / 2 }
        let shift = bias == .free && SampleLoss(loss).isShiftInvariant ? 1 : 0
        return r * (dimension - r) + r * (r - 1) / 2 + shift
    }
}
