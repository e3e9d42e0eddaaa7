import LinearAlgebra

/// The simplex equiangular tight frame: K unit vectors whose pairwise cosines are all −1/(K−1), the most negative that
/// K vectors can share.
public struct SimplexETF: Equatable, Sendable {
    /// The K unit vectors as rows (K × d).
    public let vectors: Matrix

    /// The frame in the first K − 1 of `dimension` ≥ K − 1 coordinates: vector k is row k of the Helmert contrasts
    /// times √(K/(K−1)).
    public init(classes: Int, dimension: Int) {
        precondition(classes >= 2, "fewer than two classes")
        precondition(dimension >= classes - 1, "dimension of a simplex below classes − 1")
        let count = Double(classes)
        vectors = Matrix(rows: classes, columns: dimension) { row, column in
            guard column < classes - 1, row <= column + 1 else { return 0 }
            // Contrast c = column + 1 sets rows 0..<c against row c; the scale is folded in before the one root.
            let contrast = Double(column + 1)
            let square = count / ((count - 1) * contrast * (contrast + 1))
            return row <= column ? square.squareRoot() : -(square * contrast * contrast).squareRoot()
        }
    }

    private init(vectors: Matrix) { self.vectors = vectors }

    /// The frame seen in another basis: row i of `basis` (d × m, orthonormal rows, m ≥ d) is the image of coordinate i.
    public func mapped(by basis: Matrix) -> SimplexETF {
        precondition(basis.rows == vectors.columns, "rows of a basis")
        let gram = Matrix.product(basis, basis, transposeB: .yes)
        precondition(
            (gram - .identity(basis.rows)).elements.allSatisfy { abs($0) < 1e-10 }, "basis not orthonormal")
        return SimplexETF(vectors: vectors * basis)
    }

    /// The frame reflected so that it reaches into every coordinate: v ↦ v − (2/d)(v·1)1, the Householder reflection
    /// along the diagonal. Needs no random numbers; for a fixed classifier head that shall read all features.
    public func spread() -> SimplexETF {
        let dimension = Double(vectors.columns)
        let shifts = (0..<vectors.rows).map { vectors.row($0).reduce(0, +) * 2 / dimension }
        return SimplexETF(
            vectors: Matrix(rows: vectors.rows, columns: vectors.columns) { vectors[$0, $1] - shifts[$0] })
    }
}
