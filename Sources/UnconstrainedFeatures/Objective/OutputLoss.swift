import Learning
import LinearAlgebra

/// A loss of what a model puts out for all its samples, with first and second derivatives.
protocol OutputLoss<Scalar>: AnyObject {
    associatedtype Scalar: BLASScalar

    /// The mean loss g(Z); the outputs Z are replaced by ∇g.
    func evaluate(_ outputs: UnsafeMutablePointer<Scalar>) -> Double

    /// Outputs Z are replaced by ∇g(Z), tangents Ż by ∇²g(Z)·Ż.
    func differentiateTwice(_ outputs: UnsafeMutablePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>)
}

/// A loss of logits (K × N) against one label a sample.
final class ClassLoss<Scalar: BLASScalar>: OutputLoss {
    private let loss: ClassificationLoss
    private let classes: Int
    private let labels: [Int32]
    private let scale: Scalar
    private let workspace = LossWorkspace<Scalar>()

    init(_ loss: ClassificationLoss, classes: Int, labels: [Int32]) {
        self.loss = loss
        self.classes = classes
        self.labels = labels
        scale = Scalar(1 / Double(labels.count))
    }

    func evaluate(_ outputs: UnsafeMutablePointer<Scalar>) -> Double {
        labels.withUnsafeBufferPointer {
            loss.evaluate(
                logits: outputs, classes: classes, samples: $0.count, stride: $0.count, labels: $0.baseAddress!,
                scale: scale, workspace: workspace)
        }
    }

    func differentiateTwice(_ outputs: UnsafeMutablePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>) {
        labels.withUnsafeBufferPointer {
            _ = loss.evaluate(
                logits: outputs, tangents: tangents, classes: classes, samples: $0.count, stride: $0.count,
                labels: $0.baseAddress!, scale: scale, workspace: workspace)
        }
    }
}

/// The sum of the cross-entropies of all labels of a sample (Li et al. 2023), of logits (K × N).
final class PickAllLabelLoss<Scalar: BLASScalar>: OutputLoss {
    private let loss: SoftTargetLoss<Scalar>
    private let scale: Scalar

    /// - Parameter labels: of each sample.
    init(classes: Int, labels: [[Int]]) {
        let targets = Buffer<Scalar>(count: classes * labels.count)
        for (sample, set) in labels.enumerated() {
            for label in set { targets[label * labels.count + sample] = 1 }
        }
        loss = SoftTargetLoss(
            classes: classes, samples: labels.count, targets: targets,
            masses: Buffer(labels.map { Scalar($0.count) }))
        scale = Scalar(1 / Double(labels.count))
    }

    func evaluate(_ outputs: UnsafeMutablePointer<Scalar>) -> Double {
        loss.evaluate(logits: outputs, scale: scale)
    }

    func differentiateTwice(_ outputs: UnsafeMutablePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>) {
        _ = loss.evaluate(logits: outputs, tangents: tangents, scale: scale)
    }
}
