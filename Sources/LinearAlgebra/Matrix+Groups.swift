/// Rows that belong to groups (samples of classes): sums over a group, and deviations from its centre.
extension Matrix {
    /// self[g] ← self[g] + Σ (a[i] − centres[g]) over the rows i of group g = groups[i].
    ///
    /// a is (samples × columns); self and centres are (groups × columns). Summing deviations rather than the rows
    /// themselves keeps the rounding error proportional to the spread of a group, not to its distance from the origin.
    public mutating func addGroupedDeviations(of a: Matrix, from centres: Matrix, groups: [Int32]) {
        precondition(
            a.columns == columns && centres.columns == columns && centres.rows == rows && groups.count == a.rows,
            "shapes of grouped rows")
        guard columns > 0 else { return }
        let (groupCount, width) = (rows, columns)
        withUnsafeMutableElements { sums in
            a.elements.withUnsafeBufferPointer { source in
                centres.elements.withUnsafeBufferPointer { centres in
                    for (index, group) in groups.enumerated() {
                        precondition(group >= 0 && group < groupCount, "group index out of range")
                        let row = source.baseAddress! + index * width
                        let centre = centres.baseAddress! + Int(group) * width
                        let sum = sums + Int(group) * width
                        for j in 0..<width { sum[j] += row[j] - centre[j] }
                    }
                }
            }
        }
    }

    /// self[r] ← a[first + r] − centres[groups[first + r]] for every row r of self, and element by element
    /// squares[g] ← squares[g] + Σ self[r]² over the rows of group g.
    ///
    /// self is (block × columns), a (samples × columns), centres and squares (groups × columns).
    public mutating func setDeviations(
        of a: Matrix, startingAt first: Int, from centres: Matrix, groups: [Int32],
        addingSquaresTo squares: inout Matrix
    ) {
        precondition(
            a.columns == columns && centres.columns == columns && squares.columns == columns
                && squares.rows == centres.rows && groups.count == a.rows && first >= 0 && first + rows <= a.rows,
            "shapes of grouped rows")
        guard columns > 0 else { return }
        let (rows, width, groupCount) = (rows, columns, centres.rows)
        withUnsafeMutableElements { target in
            squares.withUnsafeMutableElements { squares in
                a.elements.withUnsafeBufferPointer { source in
                    centres.elements.withUnsafeBufferPointer { centres in
                        for r in 0..<rows {
                            let group = Int(groups[first + r])
                            precondition(group >= 0 && group < groupCount, "group index out of range")
                            let row = source.baseAddress! + (first + r) * width
                            let centre = centres.baseAddress! + group * width
                            let (deviation, square) = (target + r * width, squares + group * width)
                            for j in 0..<width {
                                let difference = row[j] - centre[j]
                                deviation[j] = difference
                                square[j] += difference * difference
                            }
                        }
                    }
                }
            }
        }
    }
}
