extension Matrix {
    /// α·op(A)·op(B).
    public static func product(
        _ a: Matrix, _ b: Matrix, transposeA: Transpose = .no, transposeB: Transpose = .no, scale: Double = 1
    ) -> Matrix {
        let (rows, inner) = transposeA == .no ? (a.rows, a.columns) : (a.columns, a.rows)
        let (innerB, columns) = transposeB == .no ? (b.rows, b.columns) : (b.columns, b.rows)
        precondition(inner == innerB, "inner dimensions of a matrix product differ")
        var result = Matrix(rows: rows, columns: columns)
        guard rows > 0, columns > 0, inner > 0 else { return result }
        result.withUnsafeMutableElements { target in
            a.elements.withUnsafeBufferPointer { left in
                b.elements.withUnsafeBufferPointer { right in
                    Double.gemm(
                        transposeA, transposeB, rows, columns, inner, scale, left.baseAddress!, a.columns,
                        right.baseAddress!, b.columns, 0, target, columns)
                }
            }
        }
        return result
    }

    public static func * (a: Matrix, b: Matrix) -> Matrix { product(a, b) }

    public static func + (a: Matrix, b: Matrix) -> Matrix {
        var sum = a
        sum.add(b)
        return sum
    }

    public static func - (a: Matrix, b: Matrix) -> Matrix {
        var difference = a
        difference.add(b, scaledBy: -1)
        return difference
    }

    public static func * (factor: Double, a: Matrix) -> Matrix {
        Matrix(rows: a.rows, columns: a.columns, elements: a.elements.map { factor * $0 })
    }

    /// self ← self + factor·other.
    public mutating func add(_ other: Matrix, scaledBy factor: Double = 1) {
        precondition(rows == other.rows && columns == other.columns, "matrix shapes of a sum differ")
        for index in elements.indices { elements[index] += factor * other.elements[index] }
    }

    public var trace: Double {
        precondition(rows == columns, "trace of a matrix that is not square")
        return (0..<rows).reduce(0) { $0 + self[$1, $1] }
    }

    /// √Σ a², scaled so that it neither overflows nor underflows.
    public var frobeniusNorm: Double {
        let largest = elements.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite else { return largest }
        return largest * elements.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
    }
}
