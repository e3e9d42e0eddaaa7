import Learning
import LinearAlgebra

/// The supervised contrastive loss (Khosla et al. 2020, L_out) of features H (d × N) themselves, over all pairs of
/// samples: cross-entropy of sample i's similarities S_li = h_l·h_i/τ, l ≠ i, against equal targets 1/(n_y − 1) for the
/// others of its class.
///
/// With M = ∂g/∂S (zero diagonal) the gradient is H(M + Mᵀ)/τ, and its derivative along Ḣ is (Ḣ(M + Mᵀ) + H(Ṁ + Ṁᵀ))/τ,
/// Ṁ = ∇²g·Ṡ, Ṡ = (ḢᵀH + HᵀḢ)/τ. Holds four (N × N) matrices.
final class ContrastiveLoss<Scalar: BLASScalar>: OutputLoss {
    private let loss: SoftTargetLoss<Scalar>
    private let dimension: Int
    private let samples: Int
    /// 1/τ.
    private let inverseTemperature: Scalar
    /// 1/N.
    private let scale: Scalar
    /// S, then M + Mᵀ.
    private let similarities: Buffer<Scalar>
    private lazy var similarityTangents = Buffer<Scalar>(count: samples * samples)
    /// (d × N)
    private let product: Buffer<Scalar>

    init(dimension: Int, labels: [Int32], temperature: Double) {
        self.dimension = dimension
        samples = labels.count
        inverseTemperature = Scalar(1 / temperature)
        scale = Scalar(1 / Double(labels.count))
        similarities = Buffer(count: samples * samples)
        product = Buffer(count: dimension * samples)
        var sizes: [Int32: Int] = [:]
        for label in labels { sizes[label, default: 0] += 1 }
        let targets = Buffer<Scalar>(count: samples * samples)
        for (i, label) in labels.enumerated() {
            let others = sizes[label]! - 1
            precondition(others >= 1, "a class of one sample has no positive pair")
            for (l, other) in labels.enumerated() where l != i && other == label {
                targets[l * samples + i] = Scalar(1 / Double(others))
            }
        }
        loss = SoftTargetLoss(
            classes: samples, samples: samples, targets: targets, masses: Buffer(labels.map { _ in 1 }))
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func evaluate(_ outputs: UnsafeMutablePointer<Scalar>) -> Double {
        let similarities = similarities.start
        computeSimilarities(of: outputs)
        let value = loss.evaluate(logits: similarities, scale: scale)
        addTranspose(similarities)
        Scalar.gemm(
            .no, .no, dimension, samples, samples, inverseTemperature, outputs, samples, similarities, samples, 0,
            product.start, samples)
        outputs.update(from: product.start, count: product.count)
        return value
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func differentiateTwice(_ outputs: UnsafeMutablePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>) {
        let (similarities, changes) = (similarities.start, similarityTangents.start)
        computeSimilarities(of: outputs)
        Scalar.gemm(
            .yes, .no, samples, samples, dimension, inverseTemperature, tangents, samples, outputs, samples, 0, changes,
            samples)
        addTranspose(changes)
        for i in 0..<samples { changes[i * samples + i] = 0 }
        _ = loss.evaluate(logits: similarities, tangents: changes, scale: scale)
        addTranspose(similarities)
        addTranspose(changes)
        Scalar.gemm(
            .no, .no, dimension, samples, samples, inverseTemperature, tangents, samples, similarities, samples, 0,
            product.start, samples)
        Scalar.gemm(
            .no, .no, dimension, samples, samples, inverseTemperature, outputs, samples, changes, samples, 1,
            product.start, samples)
        tangents.update(from: product.start, count: product.count)
        Scalar.gemm(
            .no, .no, dimension, samples, samples, inverseTemperature, outputs, samples, similarities, samples, 0,
            product.start, samples)
        outputs.update(from: product.start, count: product.count)
    }

    /// S = HᵀH/τ, its diagonal so low that no sample sees itself, yet finite.
    @inline(__always)
    private func computeSimilarities(of features: UnsafePointer<Scalar>) {
        let start = similarities.start
        Scalar.gemm(
            .yes, .no, samples, samples, dimension, inverseTemperature, features, samples, features, samples, 0, start,
            samples)
        for i in 0..<samples { start[i * samples + i] = -Scalar.greatestFiniteMagnitude / 8 }
    }

    /// A ← A + Aᵀ for an (N × N) matrix, in tiles, so that the strided side stays in cache.
    @inline(__always)
    private func addTranspose(_ a: UnsafeMutablePointer<Scalar>) {
        let tile = 32
        for rowTile in stride(from: 0, to: samples, by: tile) {
            for columnTile in stride(from: 0, through: rowTile, by: tile) {
                for row in rowTile..<min(rowTile + tile, samples) {
                    for column in columnTile..<min(columnTile + tile, row + 1) {
                        let sum = a[row * samples + column] + a[column * samples + row]
                        a[row * samples + column] = sum
                        a[column * samples + row] = sum
                    }
                }
            }
        }
    }
}
