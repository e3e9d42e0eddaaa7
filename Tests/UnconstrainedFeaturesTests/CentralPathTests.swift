import LinearAlgebra
import NeuralCollapse
import RandomNumbers
import Testing

@testable import UnconstrainedFeatures

private func descent(classes: Int, samples: Int, dimension: Int) throws -> CentralPathDescent {
    let random = Philox(seed: 2, purpose: .test)
    let labels = (0..<classes * samples).map { Int32($0 / samples) }
    let features = Matrix(rows: labels.count, columns: dimension) { row, column in
        random.normal(at: UInt64(row * dimension + column))
            + 2 * random.normal(at: UInt64(Int(labels[row]) * dimension + column), stream: 1)
    }
    return try #require(CentralPathDescent(features: features, labels: labels, classes: classes))
}

@Suite struct CentralPathDescentTests {
    static let sizes: [(classes: Int, samples: Int, dimension: Int)] = [(3, 8, 4), (4, 6, 3), (5, 20, 2), (2, 9, 6)]

    /// ω ← ω + η/n·ω/(K + ω²)² for each singular value, and Σ_W = I.
    @Test(arguments: sizes)
    func aStepIsAnEulerStep(_ size: (classes: Int, samples: Int, dimension: Int)) throws {
        var descent = try descent(classes: size.classes, samples: size.samples, dimension: size.dimension)
        for rate in [0.5, 3, 20] {
            let before = try #require(CentralPath(of: descent.statistics))
            descent.step(rate)
            let after = try #require(CentralPath(of: descent.statistics))
            let k = Double(size.classes)
            let expected = before.singularValues.map {
                $0 + rate / Double(size.samples) * $0 / ((k + $0 * $0) * (k + $0 * $0))
            }
            #expect(relativeDifference(after.singularValues, expected) < 1e-13)
            let covariance = 1 / Double(descent.labels.count) * descent.statistics.withinClassScatter
            #expect((covariance - .identity(size.dimension)).frobeniusNorm < 1e-13)
        }
    }

    /// At the time t the invariant has grown by t/n, up to an error that halves with the step.
    @Test(arguments: sizes)
    func followsTheInvariant(_ size: (classes: Int, samples: Int, dimension: Int)) throws {
        let start = try descent(classes: size.classes, samples: size.samples, dimension: size.dimension)
        let first = try #require(CentralPath(of: start.statistics))
        let time = 40.0
        let exact = first.invariants.map {
            CentralPath.singularValue(withInvariant: $0 + time / Double(size.samples), classes: size.classes)
        }
        let errors = try [100, 200, 400].map { steps in
            var descent = start
            for _ in 0..<steps { descent.step(time / Double(steps)) }
            #expect(abs(descent.time - time) < 1e-10)
            return relativeDifference(try #require(CentralPath(of: descent.statistics)).singularValues, exact)
        }
        #expect(errors[0] < 1e-3)
        #expect(abs(errors[0] / errors[1] - 2) < 0.1 && abs(errors[1] / errors[2] - 2) < 0.1, "\(errors)")
    }
}
