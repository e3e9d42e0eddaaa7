import LinearAlgebra
import Testing

@testable import NeuralCollapse

@Suite struct SimplexETFTests {
    static let shapes = [(2, 1), (2, 4), (3, 2), (10, 9), (10, 64), (100, 99), (100, 128)]

    func largestError(_ frame: Matrix) -> Double {
        let k = Double(frame.rows)
        let gram = Matrix.product(frame, frame, transposeB: .yes)
        let ideal = Matrix(rows: frame.rows, columns: frame.rows) { $0 == $1 ? 1 : -1 / (k - 1) }
        return (gram - ideal).elements.reduce(0) { max($0, abs($1)) }
    }

    @Test(arguments: shapes)
    func unitVectorsAtEqualAngles(_ shape: (Int, Int)) {
        let frame = SimplexETF(classes: shape.0, dimension: shape.1)
        #expect(frame.vectors.rows == shape.0 && frame.vectors.columns == shape.1)
        #expect(largestError(frame.vectors) <= 1e-15)
        let sum = frame.vectors.combiningRows(with: Array(repeating: 1, count: shape.0))
        #expect(sum.allSatisfy { abs($0) < 2e-15 * Double(shape.0).squareRoot() })
    }

    @Test(arguments: shapes)
    func aChangeOfBasisKeepsTheAngles(_ shape: (Int, Int)) {
        let frame = SimplexETF(classes: shape.0, dimension: shape.1)
        #expect(largestError(frame.spread().vectors) < 1e-14)
        #expect(largestError(frame.mapped(by: randomRotation(shape.1, seed: 28)).vectors) < 1e-13)
        // Into more dimensions.
        let wide = randomRotation(shape.1 + 3, seed: 29).rows(0..<shape.1)
        #expect(largestError(frame.mapped(by: wide).vectors) < 1e-13)
    }

    @Test func spreadReachesEveryCoordinate() {
        let vectors = SimplexETF(classes: 4, dimension: 8).spread().vectors
        for column in 0..<8 { #expect((0..<4).contains { abs(vectors[$0, column]) > 1e-3 }) }
    }
}
