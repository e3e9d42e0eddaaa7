import LinearAlgebra

/// A loss of logits z against a class label y, per sample; K is the number of classes.
///
/// Logits are class-major, a (classes × samples) matrix row by row, so that the loops run over samples and vectorise
/// whatever the number of classes.
public enum ClassificationLoss: Equatable, Sendable, CustomStringConvertible {
    /// −log softmax(z)_y = log(1 + Σ_{j≠y} e^{z_j − z_y})
    case crossEntropy
    /// −Σ_k t_k log softmax(z)_k with the target t = (1 − α)e_y + α/K, α in 0..<1 (Szegedy et al. 2016).
    case labelSmoothing(Double)
    /// −(1 − p)^γ log p with p = softmax(z)_y, γ ≥ 0 (Lin et al. 2017).
    case focal(gamma: Double)
    /// ½‖z − e_y‖², summed over the classes
    case meanSquaredError
    /// ½[κ(z_y − M)² + Σ_{j≠y} z_j²], κ and M positive (Hui and Belkin 2021, without the ½).
    case rescaledSquaredError(kappa: Double, target: Double)

    /// The kind of loss without its parameters, as written in a sweep file.
    public var name: String {
        switch self {
        case .crossEntropy: "cross_entropy"
        case .labelSmoothing: "label_smoothing"
        case .focal: "focal"
        case .meanSquaredError: "mse"
        case .rescaledSquaredError: "mse_rescaled"
        }
    }

    public var description: String {
        switch self {
        case .crossEntropy, .meanSquaredError: name
        case .labelSmoothing(let amount): "\(name)(\(amount))"
        case .focal(let gamma): "\(name)(\(gamma))"
        case .rescaledSquaredError(let kappa, let target): "\(name)(\(kappa), \(target))"
        }
    }

    /// scale · Σ of the losses; the logits are replaced by their gradient, scale included.
    ///
    /// - Parameters:
    ///   - logits: (classes × samples), rows `stride` apart.
    ///   - labels: one for each sample, in 0..<classes.
    ///   - workspace: reused; holds nothing between calls.
    /// - Returns: not finite as soon as one logit is NaN or +infinity, or a label's is −infinity. Summed in Float64 in
    ///   one order, so the same logits give the same bits.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate<Scalar: BLASScalar>(
        logits: UnsafeMutablePointer<Scalar>, classes: Int, samples: Int, stride: Int, labels: UnsafePointer<Int32>,
        scale: Scalar, workspace: LossWorkspace<Scalar>
    ) -> Double {
        replacing(logits, classes, samples, stride, labels, scale, workspace)
    }

    /// The same loss with the logits left as they are.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func value<Scalar: BLASScalar>(
        logits: UnsafePointer<Scalar>, classes: Int, samples: Int, stride: Int, labels: UnsafePointer<Int32>,
        scale: Scalar, workspace: LossWorkspace<Scalar>
    ) -> Double {
        reading(logits, classes, samples, stride, labels, scale, workspace)
    }

    /// The same with second derivatives: beside the logits, `tangents` V (classes × samples, rows `stride` apart) are
    /// replaced, by scale·∇²ℓ(z_i)·v_i sample by sample.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate<Scalar: BLASScalar>(
        logits: UnsafeMutablePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>, classes: Int, samples: Int,
        stride: Int, labels: UnsafePointer<Int32>, scale: Scalar, workspace: LossWorkspace<Scalar>
    ) -> Double {
        replacing(logits, tangents, classes, samples, stride, labels, scale, workspace)
    }

    // The bodies are functions of their own: in the public ones the part for any other Scalar would make its type
    // metadata on every call, before it is known not to be needed.

    @inline(never)
    private func replacing<Scalar: BLASScalar>(
        _ logits: UnsafeMutablePointer<Scalar>, _ classes: Int, _ samples: Int, _ stride: Int,
        _ labels: UnsafePointer<Int32>, _ scale: Scalar, _ workspace: LossWorkspace<Scalar>
    ) -> Double {
        sum(logits, classes, samples, stride, labels, gradientScale: scale, workspace) * Double(scale)
    }

    @inline(never)
    private func replacing<Scalar: BLASScalar>(
        _ logits: UnsafeMutablePointer<Scalar>, _ tangents: UnsafeMutablePointer<Scalar>, _ classes: Int,
        _ samples: Int, _ stride: Int, _ labels: UnsafePointer<Int32>, _ scale: Scalar,
        _ workspace: LossWorkspace<Scalar>
    ) -> Double {
        sum(logits, classes, samples, stride, labels, gradientScale: scale, tangents: tangents, workspace)
            * Double(scale)
    }

    @inline(never)
    private func reading<Scalar: BLASScalar>(
        _ logits: UnsafePointer<Scalar>, _ classes: Int, _ samples: Int, _ stride: Int,
        _ labels: UnsafePointer<Int32>, _ scale: Scalar, _ workspace: LossWorkspace<Scalar>
    ) -> Double {
        // Without a gradient scale nothing is written.
        sum(UnsafeMutablePointer(mutating: logits), classes, samples, stride, labels, gradientScale: nil, workspace)
            * Double(scale)
    }

    /// Σ of the losses, a tile at a time. The scale and what a loss does not have are constants wherever this is
    /// inlined, so that each of the loops below it is made of what its loss needs and nothing else.
    @inline(__always)
    private func sum<Scalar: BLASScalar>(
        _ logits: UnsafeMutablePointer<Scalar>, _ classes: Int, _ samples: Int, _ stride: Int,
        _ labels: UnsafePointer<Int32>, gradientScale: Scalar?, tangents: UnsafeMutablePointer<Scalar>? = nil,
        _ workspace: LossWorkspace<Scalar>
    ) -> Double {
        precondition(hasValidParameters, "parameters of a loss")
        var sum = 0.0
        var first = 0
        while first < samples {
            let tile = LossTile(
                logits: logits + first, stride: stride, classes: classes,
                count: min(samples - first, LossWorkspace<Scalar>.tile), labels: labels + first, workspace: workspace,
                tangents: tangents.map { $0 + first })
            switch self {
            case .crossEntropy:
                sum += tile.crossEntropy(gradientScale: gradientScale, smoothing: nil, focusing: nil)
            case .labelSmoothing(let amount):
                sum += tile.crossEntropy(gradientScale: gradientScale, smoothing: amount, focusing: nil)
            case .focal(let gamma):
                sum += tile.crossEntropy(gradientScale: gradientScale, smoothing: nil, focusing: gamma)
            case .meanSquaredError:
                sum += tile.squaredError(gradientScale: gradientScale, weight: 1, target: 1)
            case .rescaledSquaredError(let kappa, let target):
                sum += tile.squaredError(gradientScale: gradientScale, weight: kappa, target: target)
            }
            first += tile.count
        }
        return sum
    }

    /// Whether it is a convex function of the logits for every label. Proofs rest on it: a critical point of a model
    /// with another loss is certified by nothing.
    public var isConvex: Bool {
        switch self {
        case .crossEntropy, .labelSmoothing, .meanSquaredError, .rescaledSquaredError: true
        case .focal(let gamma): gamma == 0
        }
    }

    /// Whether one number added to all logits changes nothing.
    public var isShiftInvariant: Bool {
        switch self {
        case .crossEntropy, .labelSmoothing, .focal: true
        case .meanSquaredError, .rescaledSquaredError: false
        }
    }

    /// Whether some finite logits have none; cross-entropy's come close to zero only on the way to infinity.
    public var attainsZero: Bool {
        switch self {
        case .crossEntropy, .labelSmoothing, .focal: false
        case .meanSquaredError, .rescaledSquaredError: true
        }
    }

    private var hasValidParameters: Bool {
        switch self {
        case .crossEntropy, .meanSquaredError: true
        case .labelSmoothing(let amount): amount >= 0 && amount < 1
        case .focal(let gamma): gamma >= 0 && gamma.isFinite
        case .rescaledSquaredError(let kappa, let target):
            kappa > 0 && kappa.isFinite && target > 0 && target.isFinite
        }
    }
}
