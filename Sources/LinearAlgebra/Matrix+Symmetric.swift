import COpenBLAS

extension Matrix {
    /// Upper triangle of self ← upper triangle of self + factor·AᵀA, for a (samples × columns) A (BLAS DSYRK).
    ///
    /// The lower triangle is left as it was: sums of many Gram matrices call `mirrorUpperTriangle()` once at the end,
    /// because for small A the mirroring costs more than the product.
    public mutating func addUpperGram(of a: Matrix, scaledBy factor: Double = 1) {
        precondition(rows == columns && a.columns == columns, "shape of a Gram matrix")
        guard a.rows > 0, columns > 0 else { return }
        let (order, samples) = (columns, a.rows)
        withUnsafeMutableElements { target in
            a.elements.withUnsafeBufferPointer { source in
                cblas_dsyrk(
                    CblasRowMajor, CblasUpper, CblasTrans, blasint(order), blasint(samples), factor,
                    source.baseAddress!, blasint(order), 1, target, blasint(order))
            }
        }
    }

    /// Makes the matrix symmetric by copying its upper triangle over the lower one.
    public mutating func mirrorUpperTriangle() {
        precondition(rows == columns, "mirroring of a matrix that is not square")
        let order = rows
        // In tiles, so that the strided side stays in cache.
        let tile = 32
        withUnsafeMutableElements { c in
            for rowTile in stride(from: 0, to: order, by: tile) {
                for columnTile in stride(from: 0, through: rowTile, by: tile) {
                    for row in rowTile..<Swift.min(rowTile + tile, order) {
                        for column in columnTile..<Swift.max(columnTile, Swift.min(columnTile + tile, row)) {
                            c[row * order + column] = c[column * order + row]
                        }
                    }
                }
            }
        }
    }

    /// self ← self + factor·AᵀA, for a (samples × columns) A and a symmetric self. Both triangles are written.
    public mutating func addGram(of a: Matrix, scaledBy factor: Double = 1) {
        addUpperGram(of: a, scaledBy: factor)
        mirrorUpperTriangle()
    }
}
