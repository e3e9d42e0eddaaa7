import COpenBLAS

extension Matrix {
    /// A unit eigenvector of a symmetric matrix to an eigenvalue known to rounding, by inverse iteration: a fraction of
    /// the cost of all vectors. Of a multiple eigenvalue, one of its vectors.
    public func symmetricEigenvector(near value: Double) -> [Double] {
        precondition(rows == columns && rows > 0, "eigenvector of a matrix that is not square")
        let order = rows
        let size = max(abs(value), frobeniusNorm / Double(order).squareRoot())
        // A little off the eigenvalue, so that the system can be solved.
        var offset = max(1e-14 * size, 1e-150)
        while offset.isFinite {
            var shifted = self
            for i in 0..<order { shifted[i, i] -= value + offset }
            if let factors = IndefiniteFactorization(shifted) {
                // No symmetry of the matrix is likely to be one of these numbers.
                var vector = (0..<order).map { 1 + Double($0 * 7919 % 1009) / 1009 }
                for _ in 0..<3 {
                    factors.solve(&vector)
                    let largest = vector.reduce(0) { max($0, abs($1)) }
                    let norm = vector.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
                    for i in 0..<order { vector[i] = vector[i] / largest / norm }
                }
                return vector
            }
            offset *= 16
        }
        preconditionFailure("eigenvector of a matrix that is not finite")
    }
}

/// A = UDUᵀ with D of blocks of one and two rows (LAPACK DSYTRF): for symmetric matrices that are not definite.
private struct IndefiniteFactorization {
    private let order: Int
    private let factors: [Double]
    private let pivots: [Int32]

    /// nil for a singular matrix.
    init?(_ matrix: Matrix) {
        order = matrix.rows
        var factors = matrix.elements
        var pivots = [Int32](repeating: 0, count: order)
        var n = Int32(order)
        var info: Int32 = 0
        var workSize = Int32(64 * order)
        var work = [Double](repeating: 0, count: Int(workSize))
        dsytrf_("U", &n, &factors, &n, &pivots, &work, &workSize, &info, 1)
        guard info == 0 else { return nil }
        self.factors = factors
        self.pivots = pivots
    }

    /// x ← A⁻¹x.
    func solve(_ x: inout [Double]) {
        var (n, one) = (Int32(order), Int32(1))
        var info: Int32 = 0
        dsytrs_("U", &n, &one, factors, &n, pivots, &x, &n, &info, 1)
    }
}
