import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#endif

/// One direction of the targets under squared error and decays: M weight matrices and the features multiply to the
/// singular value s that is fitted to √ν,
///
///     (s − √ν)²/(2N) + ((M+1)/2) κ s^{2/(M+1)},   κ = (λ_W^M λ_H)^{1/(M+1)},
///
/// the least decay of M + 1 factors whose product is s. At M = 1 it is Λs.
struct DirectionFit {
    struct Result {
        /// s/√ν, zero where the direction is left out.
        let gain: Double
        /// What the direction adds to the objective.
        let cost: Double
        /// The gain of each weight matrix, and the length of the features (1 × N).
        let weight: Double
        let feature: Double
    }

    let samples: Int
    /// M.
    let depth: Int
    let decays: (classifier: Double, features: Double)

    /// ν = `square`; not fitted unless `allowed`.
    func gain(square: Double, allowed: Bool) -> Result {
        let (n, m) = (Double(samples), Double(depth))
        let none = Result(gain: 0, cost: square / (2 * n), weight: 0, feature: 0)
        guard allowed, square > 0 else { return none }
        let kappa = pow(pow(decays.classifier, m) * decays.features, 1 / (m + 1))
        // With e = 1 − s/√ν: e(1 − e)^ρ = Nκ ν^{−M/(M+1)}, ρ = (M−1)/(M+1). The smaller root is the minimum.
        let rho = (m - 1) / (m + 1)
        let pressure = n * kappa * pow(square, -m / (m + 1))
        let turn = 1 / (1 + rho)
        guard pressure < turn * pow(1 - turn, rho) else { return none }
        let missing = bisect(0, turn) { $0 * pow(1 - $0, rho) < pressure }
        let product = square.squareRoot() * (1 - missing)
        let cost = square * missing * missing / (2 * n) + (m + 1) / 2 * kappa * pow(product, 2 / (m + 1))
        guard cost < none.cost else { return none }
        // λ_W w² = λ_H h² and w^M h = s.
        let weight = pow(product * (decays.features / decays.classifier).squareRoot(), 1 / (m + 1))
        return Result(
            gain: 1 - missing, cost: cost, weight: weight,
            feature: weight * (decays.classifier / decays.features).squareRoot())
    }
}

/// The singular values of the one-hot targets Y, or of Y with its mean over the samples taken off, with their vectors
/// over the classes; descending.
struct TargetDirections {
    /// ν_j, the squares of the singular values.
    let squares: [Double]
    /// Rows: over the K logits.
    let left: Matrix
    /// Rows: over the classes, √n_k times the entry of each sample of class k.
    let right: Matrix

    init(sizes: [Int], centred: Bool) {
        let (classes, count) = (sizes.count, Double(sizes.reduce(0, +)))
        guard centred else {
            let order = sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
            squares = order.map { Double(sizes[$0]) }
            left = Matrix(rows: classes, columns: classes) { order[$0] == $1 ? 1 : 0 }
            right = left
            return
        }
        // (I − π1ᵀ)D^½, π_k = n_k/N: the last singular value is zero, of the mean over the samples.
        let weighted = Matrix(rows: classes, columns: classes) { row, column in
            ((row == column ? 1 : 0) - Double(sizes[row]) / count) * Double(sizes[column]).squareRoot()
        }
        let parts = weighted.singularValues()
        squares = parts.values.prefix(classes - 1).map { $0 * $0 }
        left = parts.left.rows(0..<classes - 1)
        right = parts.right.rows(0..<classes - 1)
    }
}
