import RandomNumbers
import Testing

@testable import LinearAlgebra

/// Normal random elements; `seed` tells matrices apart.
func randomMatrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    let random = Philox(seed: seed, purpose: .test)
    return Matrix(rows: rows, columns: columns) { random.normal(at: UInt64($0 * columns + $1)) }
}

@Suite struct MatrixTests {
    @Test(arguments: [Transpose.no, .yes], [Transpose.no, .yes])
    func productAgreesWithItsNaiveTwin(_ transposeA: Transpose, _ transposeB: Transpose) {
        let (m, n, k) = (5, 7, 3)
        let a = transposeA == .no ? randomMatrix(m, k, seed: 1) : randomMatrix(k, m, seed: 1)
        let b = transposeB == .no ? randomMatrix(k, n, seed: 2) : randomMatrix(n, k, seed: 2)
        let product = Matrix.product(a, b, transposeA: transposeA, transposeB: transposeB, scale: 2)
        for i in 0..<m {
            for j in 0..<n {
                let naive = (0..<k).reduce(0.0) {
                    $0 + (transposeA == .no ? a[i, $1] : a[$1, i]) * (transposeB == .no ? b[$1, j] : b[j, $1])
                }
                #expect(abs(product[i, j] - 2 * naive) < 1e-13)
            }
        }
    }

    @Test(arguments: [(1, 1), (6, 4), (4, 6), (30, 30)])
    func singularValuesRebuildTheMatrix(_ rows: Int, _ columns: Int) {
        let a = randomMatrix(rows, columns, seed: 3)
        let svd = a.singularValues()
        var rebuilt = Matrix(rows: rows, columns: columns)
        for (index, value) in svd.values.enumerated() {
            for i in 0..<rows {
                for j in 0..<columns { rebuilt[i, j] += value * svd.left[index, i] * svd.right[index, j] }
            }
        }
        #expect((rebuilt - a).frobeniusNorm < 1e-12)
        #expect(svd.values == svd.values.sorted(by: >))
    }

    @Test func eigenvaluesRebuildTheMatrix() {
        let a = randomMatrix(9, 12, seed: 4)
        let gram = Matrix.product(a, a, transposeB: .yes)
        let eigen = gram.symmetricEigen()
        var rebuilt = Matrix(rows: 9, columns: 9)
        for (index, value) in eigen.values.enumerated() {
            for i in 0..<9 {
                for j in 0..<9 { rebuilt[i, j] += value * eigen.vectors[index, i] * eigen.vectors[index, j] }
            }
        }
        #expect((rebuilt - gram).frobeniusNorm < 1e-11)
        #expect(abs(eigen.values.reduce(0, +) - gram.trace) < 1e-11)
        #expect(eigen.values == eigen.values.sorted(by: >))
    }

    @Test func gramAddsBothTriangles() {
        let a = randomMatrix(11, 5, seed: 5)
        var gram = Matrix.identity(5)
        gram.addGram(of: a, scaledBy: 0.5)
        let expected = Matrix.identity(5) + Matrix.product(a, a, transposeA: .yes, scale: 0.5)
        #expect((gram - expected).frobeniusNorm < 1e-13)
    }

    @Test func normsNeitherOverflowNorUnderflow() {
        #expect(abs(Matrix(rows: 1, columns: 2, elements: [3e200, 4e200]).frobeniusNorm / 5e200 - 1) < 1e-15)
        #expect(abs(Matrix(rows: 1, columns: 2, elements: [3e-200, 4e-200]).frobeniusNorm / 5e-200 - 1) < 1e-15)
        #expect(Matrix(rows: 0, columns: 0).frobeniusNorm == 0)
    }

    @Test func emptyMatricesHaveEmptyDecompositions() {
        #expect(Matrix(rows: 0, columns: 3).singularValues().values.isEmpty)
        #expect(Matrix(rows: 0, columns: 0).symmetricEigen().values.isEmpty)
    }
}
