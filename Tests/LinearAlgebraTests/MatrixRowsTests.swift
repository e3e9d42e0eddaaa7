import Testing

@testable import LinearAlgebra

@Suite struct MatrixRowsTests {
    @Test func rowsAreCopiedScaledAndShifted() {
        let a = Matrix(rows: 3, columns: 2, elements: [1, 2, 3, 4, 5, 6])
        #expect(a.rows(1..<3).elements == [3, 4, 5, 6])
        #expect(a.rows(2..<2).rows == 0)
        #expect(a.scalingRows(by: [1, 0, -2]).elements == [1, 2, 0, 0, -10, -12])
        #expect(a.subtractingFromRows([1, 2]).elements == [0, 0, 2, 2, 4, 4])
        #expect(a.addingToRows([1, 2], scaledBy: 2).elements == [3, 6, 5, 8, 7, 10])
        #expect(a.combiningRows(with: [1, 1, 2]) == [14, 18])
        #expect(Matrix(rows: 2, columns: 2, elements: [3, 4, 0, 0]).rowNorms == [5, 0])
        let extremes = Matrix(rows: 2, columns: 2, elements: [3e-200, 4e-200, 3e200, 4e200]).rowNorms
        #expect(abs(extremes[0] / 5e-200 - 1) < 1e-15 && abs(extremes[1] / 5e200 - 1) < 1e-15)
        #expect(Matrix(rows: 2, columns: 0).rowNorms == [0, 0])
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func oneBadElementIsSeen(_ value: Double) {
        var a = Matrix(rows: 3, columns: 3, repeating: 1)
        #expect(a.isFinite)
        a[2, 2] = value
        #expect(!a.isFinite)
    }

    @Test(arguments: [0, 1, 3, 4, 11])
    func rowDistancesAgreeWithTheirNaiveTwin(_ columns: Int) {
        let a = randomMatrix(6, columns, seed: 41)
        let distances = a.rowSquaredDistances()
        for i in 0..<6 {
            for j in 0..<6 {
                let naive = (0..<columns).reduce(0.0) { $0 + (a[i, $1] - a[j, $1]) * (a[i, $1] - a[j, $1]) }
                #expect(abs(distances[i, j] - naive) < 1e-13)
            }
        }
    }

    @Test func distancesOfCloseRowsFarAwayAreExact() {
        let a = Matrix(rows: 2, columns: 4, elements: [1e8, 1e8, 1e8, 1e8, 1e8 + 0.5, 1e8, 1e8, 1e8 - 0.25])
        #expect(a.rowSquaredDistances()[0, 1] == 0.3125)
    }

    @Test(arguments: [1, 2, 31, 32, 33, 70])
    func mirroringMakesSymmetric(_ order: Int) {
        let a = randomMatrix(order, order, seed: 42)
        var mirrored = a
        mirrored.mirrorUpperTriangle()
        for i in 0..<order {
            for j in 0..<order { #expect(mirrored[i, j] == a[min(i, j), max(i, j)]) }
        }
    }

    @Test func upperGramLeavesTheLowerTriangle() {
        let a = randomMatrix(5, 4, seed: 43)
        var gram = Matrix(rows: 4, columns: 4, repeating: 7)
        gram.addUpperGram(of: a, scaledBy: 2)
        let product = Matrix.product(a, a, transposeA: .yes, scale: 2)
        for i in 0..<4 {
            for j in 0..<4 { #expect(abs(gram[i, j] - 7 - (i <= j ? product[i, j] : 0)) < 1e-13) }
        }
    }

    @Test func groupedDeviationsAgreeWithTheirNaiveTwin() {
        let (a, centres) = (randomMatrix(7, 3, seed: 44), randomMatrix(2, 3, seed: 45))
        let groups: [Int32] = [0, 1, 1, 0, 1, 0, 1]
        var sums = Matrix(rows: 2, columns: 3)
        a.withFeatureRows { sums.addGroupedDeviations(of: $0, from: centres, groups: groups) }
        var squares = Matrix(rows: 2, columns: 3, repeating: 1)
        var block = Matrix(rows: 4, columns: 3)
        a.withFeatureRows {
            block.setDeviations(of: $0, startingAt: 2, from: centres, groups: groups, addingSquaresTo: &squares)
        }
        for j in 0..<3 {
            for g in 0..<2 {
                let members = (0..<7).filter { groups[$0] == Int32(g) }
                let sum = members.reduce(0.0) { $0 + a[$1, j] - centres[g, j] }
                #expect(abs(sums[g, j] - sum) < 1e-13)
                let square = members.filter { (2..<6).contains($0) }.reduce(1.0) {
                    $0 + (a[$1, j] - centres[g, j]) * (a[$1, j] - centres[g, j])
                }
                #expect(abs(squares[g, j] - square) < 1e-13)
            }
            for r in 0..<4 { #expect(block[r, j] == a[r + 2, j] - centres[Int(groups[r + 2]), j]) }
        }
    }

    @Test func eigenvaluesAloneAreThoseOfTheFullDecomposition() {
        let a = randomMatrix(20, 30, seed: 46)
        let gram = Matrix.product(a, a, transposeB: .yes)
        for (alone, full) in zip(gram.symmetricEigenvalues(), gram.symmetricEigen().values) {
            #expect(abs(alone - full) < 1e-11)
        }
        #expect(Matrix(rows: 0, columns: 0).symmetricEigenvalues().isEmpty)
    }
}
