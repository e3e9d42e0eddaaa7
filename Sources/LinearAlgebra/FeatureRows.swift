/// A view of numbers in somebody's memory as rows: the features of samples as a network, an array or a file has them,
/// in either precision, to be measured without a converted copy of all of them.
///
/// Valid for as long as that memory is; the scoped functions below see to it.
public struct FeatureRows<Scalar: BLASScalar> {
    public let rows: Int
    public let columns: Int
    /// Row after row.
    public let start: UnsafePointer<Scalar>

    public init(at start: UnsafePointer<Scalar>, rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0, "shape of feature rows")
        (self.start, self.rows, self.columns) = (start, rows, columns)
    }

    /// The rows in `range`, in the same memory.
    public func rows(_ range: Range<Int>) -> FeatureRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "row range out of range")
        return FeatureRows(at: start + range.lowerBound * columns, rows: range.count, columns: columns)
    }

    /// No element is NaN or infinite.
    public var isFinite: Bool { countNonFinite(start, rows * columns) == 0 }
}

extension Buffer {
    /// The first rows · columns numbers; valid while the buffer lives.
    public func featureRows(rows: Int, columns: Int) -> FeatureRows<Scalar> {
        precondition(rows * columns <= count, "shape of feature rows")
        return FeatureRows(at: start, rows: rows, columns: columns)
    }
}

extension Array where Element: BLASScalar {
    /// The array seen as rows of `columns` numbers, of which it must be a multiple.
    public func withFeatureRows<Result>(
        columns: Int, _ body: (FeatureRows<Element>) throws -> Result
    ) rethrows -> Result {
        precondition(columns > 0 && count % columns == 0, "shape of feature rows")
        return try withUnsafeBufferPointer { source in
            // An empty array has no address; no row of it is ever looked at.
            let start = source.baseAddress ?? UnsafePointer(bitPattern: 16)!
            return try body(FeatureRows(at: start, rows: source.count / columns, columns: columns))
        }
    }
}

extension Matrix {
    /// The matrix seen as rows.
    public func withFeatureRows<Result>(_ body: (FeatureRows<Double>) throws -> Result) rethrows -> Result {
        try elements.withUnsafeBufferPointer { source in
            let start = source.baseAddress ?? UnsafePointer(bitPattern: 16)!
            return try body(FeatureRows(at: start, rows: rows, columns: columns))
        }
    }

    /// self[target] ← a[row].
    public mutating func setRow<Scalar>(_ target: Int, to a: FeatureRows<Scalar>, row: Int) {
        precondition(a.columns == columns && row >= 0 && row < a.rows, "shape of a copied row")
        for j in 0..<columns { self[target, j] = Double(a.start[row * columns + j]) }
    }

    /// self[r] ← a[first + r] − shift for every row r of self.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public mutating func setRows<Scalar>(of a: FeatureRows<Scalar>, startingAt first: Int, minus shift: [Double]) {
        precondition(
            a.columns == columns && shift.count == columns && first >= 0 && first + rows <= a.rows,
            "shapes of shifted rows")
        guard columns > 0 else { return }
        let (rows, width) = (rows, columns)
        withUnsafeMutableElements { target in
            shift.withUnsafeBufferPointer { shift in
                let shift = shift.baseAddress!
                for r in 0..<rows {
                    let (row, result) = (a.start + (first + r) * width, target + r * width)
                    for j in 0..<width { result[j] = Double(row[j]) - shift[j] }
                }
            }
        }
    }
}

/// How many numbers are NaN or infinite. Counting all vectorises, leaving at the first does not.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func countNonFinite<Scalar: BLASScalar>(_ start: UnsafePointer<Scalar>, _ count: Int) -> Int {
    var others = 0
    for i in 0..<count { others &+= start[i] - start[i] == 0 ? 0 : 1 }
    return others
}
