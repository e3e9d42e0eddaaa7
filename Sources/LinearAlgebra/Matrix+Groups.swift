/// Rows that belong to groups (samples of classes): sums over a group, and deviations from its centre.
extension Matrix {
    /// self[g] ← self[g] + Σ (a[i] − centres[g]) over the rows i of group g = groups[i].
    ///
    /// a is (samples × columns); self and centres are (groups × columns). Summing deviations rather than the rows
    /// themselves keeps the rounding error proportional to the spread of a group, not to its distance from the origin.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public mutating func addGroupedDeviations<Scalar>(
        of a: FeatureRows<Scalar>, from centres: Matrix, groups: [Int32]
    ) {
        precondition(
            a.columns == columns && centres.columns == columns && centres.rows == rows && groups.count == a.rows,
            "shapes of grouped rows")
        guard columns > 0 else { return }
        let (groupCount, width) = (rows, columns)
        withUnsafeMutableElements { sums in
            centres.elements.withUnsafeBufferPointer { centres in
                for (index, group) in groups.enumerated() {
                    precondition(group >= 0 && group < groupCount, "group index out of range")
                    let row = a.start + index * width
                    let centre = centres.baseAddress! + Int(group) * width
                    let sum = sums + Int(group) * width
                    for j in 0..<width { sum[j] += Double(row[j]) - centre[j] }
                }
            }
        }
    }

    /// self[r] ← a[first + r] − centres[groups[first + r]] for every row r of self, and element by element
    /// squares[g] ← squares[g] + Σ self[r]² over the rows of group g.
    ///
    /// self is (block × columns), a (samples × columns), centres and squares (groups × columns).
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public mutating func setDeviations<Scalar>(
        of a: FeatureRows<Scalar>, startingAt first: Int, from centres: Matrix, groups: [Int32],
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
                centres.elements.withUnsafeBufferPointer { centres in
                    for r in 0..<rows {
                        let group = Int(groups[first + r])
                        precondition(group >= 0 && group < groupCount, "group index out of range")
                        let row = a.start + (first + r) * width
                        let centre = centres.baseAddress! + group * width
                        let (deviation, square) = (target + r * width, squares + group * width)
                        for j in 0..<width {
                            let difference = Double(row[j]) - centre[j]
                            deviation[j] = difference
                            square[j] += difference * difference
                        }
                    }
                }
            }
        }
    }
}
