import LinearAlgebra

extension ClassStatistics {
    /// Everything as numbers, to be sent to another process: K, d, counts, squared deviations, means, and the upper
    /// triangle of the scatter row by row; 2 + 2K + Kd + d(d+1)/2 of them.
    public var serialized: [Double] {
        var numbers = [Double(classes), Double(dimension)]
        numbers.reserveCapacity(Self.serializedCount(classes: classes, dimension: dimension))
        numbers += counts.map(Double.init)
        numbers += squaredDeviations
        numbers += means.elements
        for row in 0..<dimension { numbers += upperScatter.row(row)[(row * dimension + row)...] }
        return numbers
    }

    /// How many numbers `serialized` holds.
    public static func serializedCount(classes: Int, dimension: Int) -> Int {
        2 + 2 * classes + classes * dimension + dimension * (dimension + 1) / 2
    }

    /// The statistics whose `serialized` form is `numbers`, bit for bit.
    public init(serialized numbers: [Double]) {
        precondition(numbers.count >= 2, "length of serialized class statistics")
        self.init(classes: Int(numbers[0]), dimension: Int(numbers[1]))
        precondition(
            numbers.count == Self.serializedCount(classes: classes, dimension: dimension),
            "length of serialized class statistics")
        var next = 2
        func take(_ count: Int) -> ArraySlice<Double> {
            defer { next += count }
            return numbers[next..<next + count]
        }
        counts = take(classes).map { Int($0) }
        squaredDeviations = Array(take(classes))
        means = Matrix(rows: classes, columns: dimension, elements: Array(take(classes * dimension)))
        for row in 0..<dimension {
            for (column, value) in zip(row..<dimension, take(dimension - row)) { upperScatter[row, column] = value }
        }
    }
}
