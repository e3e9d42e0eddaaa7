import COpenBLAS

/// Values in descending order; row i of `vectors` is the unit vector of value i.
public struct Eigen: Sendable {
    public let values: [Double]
    public let vectors: Matrix
}

/// A = Σ values[i] · left[i] ⊗ right[i], values in descending order; vectors are stored as rows.
public struct SingularValues: Sendable {
    public let values: [Double]
    /// (min(rows, columns) × rows)
    public let left: Matrix
    /// (min(rows, columns) × columns)
    public let right: Matrix
}

extension Matrix {
    /// Eigenvalues and eigenvectors of a symmetric matrix (LAPACK DSYEVD).
    ///
    /// A failure to converge means the matrix holds NaN or infinity, which the caller must have excluded.
    public func symmetricEigen() -> Eigen {
        let order = rows
        let (values, vectors) = solveSymmetricEigenproblem(job: "V")
        let ascending = Matrix(rows: order, columns: order, elements: vectors)
        return Eigen(
            values: values.reversed(),
            vectors: Matrix(rows: order, columns: order) { ascending[order - 1 - $0, $1] })
    }

    /// The eigenvalues alone, in descending order: several times faster than with the vectors.
    public func symmetricEigenvalues() -> [Double] { solveSymmetricEigenproblem(job: "N").values.reversed() }

    /// Values in ascending order; vectors as rows in that order if `job` is "V", unspecified if it is "N".
    private func solveSymmetricEigenproblem(job: String) -> (values: [Double], vectors: [Double]) {
        precondition(rows == columns, "eigenvalues of a matrix that is not square")
        guard rows > 0 else { return ([], []) }
        let order = rows
        var a = elements
        var values = [Double](repeating: 0, count: order)
        var n = Int32(order)
        var info: Int32 = 0
        var workSize = Int32(1 + 6 * order + 2 * order * order)
        var integerSize = Int32(3 + 5 * order)
        var work = [Double](repeating: 0, count: Int(workSize))
        var integers = [Int32](repeating: 0, count: Int(integerSize))
        // A symmetric matrix is its own transpose, so row-major in, and eigenvectors out as rows.
        dsyevd_(job, "U", &n, &a, &n, &values, &work, &workSize, &integers, &integerSize, &info, 1, 1)
        precondition(info == 0, "symmetric eigenvalues did not converge")
        return (values, a)
    }

    /// Singular values and vectors (LAPACK DGESDD), thin.
    public func singularValues() -> SingularValues {
        let thin = min(rows, columns)
        guard thin > 0 else {
            return SingularValues(
                values: [], left: Matrix(rows: 0, columns: rows), right: Matrix(rows: 0, columns: columns))
        }
        // LAPACK is column-major: it sees Aᵀ (columns × rows), whose left vectors are the right ones of A.
        var a = elements
        var (m, n, k) = (Int32(columns), Int32(rows), Int32(thin))
        var values = [Double](repeating: 0, count: thin)
        var u = [Double](repeating: 0, count: columns * thin)
        var vt = [Double](repeating: 0, count: thin * rows)
        var integers = [Int32](repeating: 0, count: 8 * thin)
        var info: Int32 = 0
        var query = 0.0
        var workSize: Int32 = -1
        dgesdd_("S", &m, &n, &a, &m, &values, &u, &m, &vt, &k, &query, &workSize, &integers, &info, 1)
        workSize = Int32(query)
        var work = [Double](repeating: 0, count: Int(workSize))
        dgesdd_("S", &m, &n, &a, &m, &values, &u, &m, &vt, &k, &work, &workSize, &integers, &info, 1)
        precondition(info == 0, "singular values did not converge")
        return SingularValues(
            values: values,
            // vt is (thin × rows) column-major: element (i, j) at j·thin + i.
            left: Matrix(rows: thin, columns: rows) { vt[$1 * thin + $0] },
            right: Matrix(rows: thin, columns: columns, elements: u))
    }
}
