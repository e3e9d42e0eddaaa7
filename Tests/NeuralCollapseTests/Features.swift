import LinearAlgebra
import NeuralCollapse
import RandomNumbers

/// Labelled features of a test.
struct Features {
    var rows: Matrix
    var labels: [Int32]
    var classes: Int

    var statistics: ClassStatistics {
        var statistics = ClassStatistics(classes: classes, dimension: rows.columns)
        statistics.add(rows, labels: labels)
        return statistics
    }

    /// The samples in `range`.
    subscript(range: Range<Int>) -> Features {
        Features(rows: rows.rows(range), labels: Array(labels[range]), classes: classes)
    }

    /// The same features seen through an affine map h ↦ scale·h·map + shift.
    func mapped(by map: Matrix? = nil, scale: Double = 1, shift: Double = 0) -> Features {
        let moved = map.map { rows * $0 } ?? rows
        return Features(
            rows: Matrix(rows: moved.rows, columns: moved.columns) { scale * moved[$0, $1] + shift },
            labels: labels, classes: classes)
    }
}

/// Normal random elements.
func randomMatrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    let random = Philox(seed: seed, purpose: .test)
    return Matrix(rows: rows, columns: columns) { random.normal(at: UInt64($0 * columns + $1)) }
}

/// An orthogonal matrix without structure: the eigenvectors of a random symmetric one.
func randomRotation(_ order: Int, seed: UInt64) -> Matrix {
    let random = randomMatrix(order, order, seed: seed)
    return (random + random.transposed).symmetricEigen().vectors
}

/// Random class means of length about 2√d plus `spread` times normal noise, in a random order of labels.
func randomFeatures(
    sizes: [Int], dimension: Int, spread: Double = 1, shift: Double = 0, seed: UInt64
) -> Features {
    let means = randomMatrix(sizes.count, dimension, seed: seed)
    var labels = sizes.enumerated().flatMap { Array(repeating: Int32($0), count: $1) }
    Philox(seed: seed, purpose: .order).shuffle(&labels)
    let noise = randomMatrix(labels.count, dimension, seed: seed + 1000)
    let rows = Matrix(rows: labels.count, columns: dimension) {
        shift + (2 * means[Int(labels[$0]), $1] + spread * noise[$0, $1])
    }
    return Features(rows: rows, labels: labels, classes: sizes.count)
}

/// Class means `means` with noise of covariance exactly σ²I in each class: two samples at ±σ√d along each coordinate.
func isotropicFeatures(around means: Matrix, deviation sigma: Double) -> Features {
    let (classes, dimension) = (means.rows, means.columns)
    let labels = (0..<classes).flatMap { Array(repeating: Int32($0), count: 2 * dimension) }
    let length = sigma * Double(dimension).squareRoot()
    let rows = Matrix(rows: labels.count, columns: dimension) { row, column in
        let offset = row % (2 * dimension)
        let noise = offset / 2 == column ? (offset % 2 == 0 ? length : -length) : 0
        return means[Int(labels[row]), column] + noise
    }
    return Features(rows: rows, labels: labels, classes: classes)
}

/// |a − b| relative to the larger, or absolute below 1.
func isClose(_ a: Double, _ b: Double, relative: Double, absolute: Double = 1e-13) -> Bool {
    abs(a - b) <= max(relative * max(abs(a), abs(b)), absolute)
}

/// A measurement with everything there is to measure.
func measureAll(
    _ features: Features, classifier: LinearClassifier, weighting: Weighting = .class
) -> CollapseMeasurement {
    let statistics = features.statistics
    let probe = DecisionProbe(statistics: statistics, classifier: classifier, weighting: weighting)
    return CollapseMeasurement(
        of: statistics, classifier: classifier,
        decisions: probe.statistics(of: features.rows, labels: features.labels), weighting: weighting)
}
