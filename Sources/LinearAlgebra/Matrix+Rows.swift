extension Matrix {
    /// A copy of the rows in `range`.
    public func rows(_ range: Range<Int>) -> Matrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "row range out of range")
        return Matrix(
            rows: range.count, columns: columns,
            elements: Array(elements[range.lowerBound * columns..<range.upperBound * columns]))
    }

    /// No element is NaN or infinite.
    public var isFinite: Bool { withFeatureRows { $0.isFinite } }

    /// The Euclidean length of each row, neither overflowing nor underflowing; NaN of a row that holds NaN.
    public var rowNorms: [Double] {
        guard columns > 0 else { return Array(repeating: 0, count: rows) }
        return elements.withUnsafeBufferPointer { source in
            (0..<rows).map { row in
                let start = source.baseAddress! + row * columns
                let square = Double.dot(columns, start, start)
                if square.isNaN { return .nan }
                // Squares this small have lost digits, larger ones may have overflowed: then scale first.
                guard square > 1e-280, square < 1e280 else { return rows(row..<row + 1).frobeniusNorm }
                return square.squareRoot()
            }
        }
    }

    /// Each row times its factor.
    public func scalingRows(by factors: [Double]) -> Matrix {
        precondition(factors.count == rows, "number of row factors")
        var scaled = self
        scaled.withUnsafeMutableElements { target in
            for row in 0..<rows {
                let (start, factor) = (target + row * columns, factors[row])
                for column in 0..<columns { start[column] *= factor }
            }
        }
        return scaled
    }

    /// Each row plus factor·`vector`.
    public func addingToRows(_ vector: [Double], scaledBy factor: Double = 1) -> Matrix {
        precondition(vector.count == columns, "length of the added row")
        var shifted = self
        shifted.withUnsafeMutableElements { target in
            vector.withUnsafeBufferPointer { vector in
                for row in 0..<rows {
                    let start = target + row * columns
                    for column in 0..<columns { start[column] += factor * vector[column] }
                }
            }
        }
        return shifted
    }

    /// Each row minus `vector`.
    public func subtractingFromRows(_ vector: [Double]) -> Matrix { addingToRows(vector, scaledBy: -1) }

    /// Σ factors[i] · row i.
    public func combiningRows(with factors: [Double]) -> [Double] {
        precondition(factors.count == rows, "number of row factors")
        var sum = [Double](repeating: 0, count: columns)
        elements.withUnsafeBufferPointer { source in
            sum.withUnsafeMutableBufferPointer { sum in
                for row in 0..<rows {
                    let factor = factors[row]
                    for column in 0..<columns { sum[column] += factor * source[row * columns + column] }
                }
            }
        }
        return sum
    }

    /// ‖row i − row j‖² for every pair (rows × rows).
    ///
    /// From the differences themselves, not from a Gram matrix: the distance of two rows close together and far from
    /// the origin would be lost to cancellation.
    public func rowSquaredDistances() -> Matrix {
        var distances = Matrix(rows: rows, columns: rows)
        guard columns > 0 else { return distances }
        let (count, width) = (rows, columns)
        distances.withUnsafeMutableElements { target in
            elements.withUnsafeBufferPointer { source in
                for i in 0..<count {
                    for j in 0..<i {
                        let squared = squaredDistance(
                            source.baseAddress! + i * width, source.baseAddress! + j * width, width)
                        target[i * count + j] = squared
                        target[j * count + i] = squared
                    }
                }
            }
        }
        return distances
    }
}

/// Σ (x[i] − y[i])² in four interleaved sums: one alone would wait for each addition before the next.
private func squaredDistance(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int) -> Double {
    var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
    var i = 0
    while i + 4 <= count {
        let (d0, d1, d2, d3) = (x[i] - y[i], x[i + 1] - y[i + 1], x[i + 2] - y[i + 2], x[i + 3] - y[i + 3])
        s0 += d0 * d0
        s1 += d1 * d1
        s2 += d2 * d2
        s3 += d3 * d3
        i += 4
    }
    while i < count {
        s0 += (x[i] - y[i]) * (x[i] - y[i])
        i += 1
    }
    return (s0 + s1) + (s2 + s3)
}
