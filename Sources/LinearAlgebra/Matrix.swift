/// A dense matrix of Float64 numbers, row-major, with value semantics.
///
/// The type for everything that is measured and decomposed; the training kernels work on `Buffer`s instead.
public struct Matrix: Equatable, Sendable {
    public let rows: Int
    public let columns: Int
    /// All rows, one after the other.
    public internal(set) var elements: [Double]

    /// A (rows × columns) matrix filled with `value`.
    public init(rows: Int, columns: Int, repeating value: Double = 0) {
        self.init(rows: rows, columns: columns, elements: Array(repeating: value, count: rows * columns))
    }

    /// A (rows × columns) matrix of `elements`, row by row.
    public init(rows: Int, columns: Int, elements: [Double]) {
        precondition(rows >= 0 && columns >= 0 && elements.count == rows * columns, "matrix shape mismatch")
        self.rows = rows
        self.columns = columns
        self.elements = elements
    }

    /// Each element from its row and column.
    public init(rows: Int, columns: Int, _ element: (_ row: Int, _ column: Int) -> Double) {
        var elements: [Double] = []
        elements.reserveCapacity(rows * columns)
        for row in 0..<rows { for column in 0..<columns { elements.append(element(row, column)) } }
        self.init(rows: rows, columns: columns, elements: elements)
    }

    /// A matrix of the numbers at `start`, in whatever precision they are.
    public init<Scalar: BLASScalar>(rows: Int, columns: Int, copying start: UnsafePointer<Scalar>) {
        let count = rows * columns
        self.init(
            rows: rows, columns: columns,
            elements: Array(unsafeUninitializedCapacity: count) { target, initialized in
                for index in 0..<count { target[index] = Double(start[index]) }
                initialized = count
            })
    }

    public static func identity(_ order: Int) -> Matrix { Matrix(rows: order, columns: order) { $0 == $1 ? 1 : 0 } }

    public subscript(row: Int, column: Int) -> Double {
        get {
            precondition(column >= 0 && column < columns, "column out of range")
            return elements[row * columns + column]
        }
        set {
            precondition(column >= 0 && column < columns, "column out of range")
            elements[row * columns + column] = newValue
        }
    }

    /// The elements of one row.
    public func row(_ row: Int) -> ArraySlice<Double> { elements[row * columns..<(row + 1) * columns] }

    public var transposed: Matrix { Matrix(rows: columns, columns: rows) { self[$1, $0] } }

    /// Scoped access to the elements, for the kernels.
    public mutating func withUnsafeMutableElements<Result>(
        _ body: (UnsafeMutablePointer<Double>) throws -> Result
    ) rethrows -> Result {
        try elements.withUnsafeMutableBufferPointer { buffer in
            // An empty array has no address; a matrix without elements is never dereferenced.
            try body(buffer.baseAddress ?? UnsafeMutablePointer(bitPattern: 16)!)
        }
    }
}
