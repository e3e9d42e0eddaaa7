import LinearAlgebra

/// Counts, means and within-class scatter of labelled features: all that the feature metrics need, in one pass.
///
/// Statistics of parts add up (`merge`), so batches can be cut anywhere and parts can come from other processes.
/// Merging is associative up to rounding only: merge in a fixed tree where bits must not depend on the parts' origin.
///
/// Means and scatter follow Chan, Golub and LeVeque, "Algorithms for computing the sample variance" (1983): every
/// batch is centred at its own class means before anything is squared, so nothing is lost to cancellation however far
/// the features lie from the origin.
public struct ClassStatistics: Equatable, Sendable {
    /// K ≥ 2.
    public let classes: Int
    /// d ≥ 1.
    public let dimension: Int
    /// n_k, the number of samples of each class.
    public internal(set) var counts: [Int]
    /// μ_k as rows (K × d); zero where a class has no samples yet.
    public internal(set) var means: Matrix
    /// Σ ‖h − μ_k‖² over the samples of each class.
    public internal(set) var squaredDeviations: [Double]
    /// Σ (h − μ_k)(h − μ_k)ᵀ over all samples (d × d); only the upper triangle is kept up.
    var upperScatter: Matrix

    /// Statistics of no samples.
    public init(classes: Int, dimension: Int) {
        precondition(classes >= 2, "fewer than two classes")
        precondition(dimension >= 1, "features without a dimension")
        self.classes = classes
        self.dimension = dimension
        counts = Array(repeating: 0, count: classes)
        means = Matrix(rows: classes, columns: dimension)
        squaredDeviations = Array(repeating: 0, count: classes)
        upperScatter = Matrix(rows: dimension, columns: dimension)
    }

    /// N, the number of all samples.
    public var sampleCount: Int { counts.reduce(0, +) }

    /// N·Σ_W = Σ (h − μ_k)(h − μ_k)ᵀ over all samples (d × d): a sum, not divided by N.
    public var withinClassScatter: Matrix {
        var scatter = upperScatter
        scatter.mirrorUpperTriangle()
        return scatter
    }

    /// Adds samples: features is (samples × d), labels[i] in 0..<K is the class of row i.
    public mutating func add(_ features: Matrix, labels: [Int32]) {
        features.withFeatureRows { add($0, labels: labels) }
    }

    /// Adds samples as they lie in memory, in either precision; sums are in Float64 all the same.
    public mutating func add<Scalar>(_ features: FeatureRows<Scalar>, labels: [Int32]) {
        precondition(features.columns == dimension, "feature dimension differs from the statistics'")
        precondition(labels.count == features.rows, "number of labels")
        guard features.rows > 0 else { return }
        let (batchCounts, batchMeans) = classMeans(of: features, labels: labels)
        addScatter(of: features, labels: labels, around: batchMeans)
        include(batchCounts, batchMeans)
    }

    /// Adds the samples of `other`.
    public mutating func merge(_ other: ClassStatistics) {
        precondition(other.classes == classes && other.dimension == dimension, "shapes of merged statistics differ")
        upperScatter.add(other.upperScatter)
        for k in 0..<classes { squaredDeviations[k] += other.squaredDeviations[k] }
        include(other.counts, other.means)
    }

    /// Class counts and means of one batch; means of absent classes are meaningless.
    private func classMeans<Scalar>(
        of features: FeatureRows<Scalar>, labels: [Int32]
    ) -> (counts: [Int], means: Matrix) {
        var batchCounts = [Int](repeating: 0, count: classes)
        // Sums are taken relative to a point of the class itself: its mean so far, or its first sample.
        var batchMeans = means
        for (index, label) in labels.enumerated() {
            precondition(label >= 0 && label < classes, "label out of range")
            let k = Int(label)
            if counts[k] == 0, batchCounts[k] == 0 {
                batchMeans.setRow(k, to: features, row: index)
            }
            batchCounts[k] += 1
        }
        var sums = Matrix(rows: classes, columns: dimension)
        sums.addGroupedDeviations(of: features, from: batchMeans, groups: labels)
        for k in 0..<classes where batchCounts[k] > 0 {
            for j in 0..<dimension { batchMeans[k, j] += sums[k, j] / Double(batchCounts[k]) }
        }
        return (batchCounts, batchMeans)
    }

    /// Adds the scatter of the features around their own class means, a block of rows at a time: a block stays in
    /// cache between its centring and the rank-k update, and no copy of the whole batch is made.
    private mutating func addScatter<Scalar>(
        of features: FeatureRows<Scalar>, labels: [Int32], around centres: Matrix
    ) {
        let blockRows = 512
        var squares = Matrix(rows: classes, columns: dimension)
        var block = Matrix(rows: min(blockRows, features.rows), columns: dimension)
        for first in stride(from: 0, to: features.rows, by: blockRows) {
            let rows = min(blockRows, features.rows - first)
            if rows < block.rows { block = Matrix(rows: rows, columns: dimension) }
            block.setDeviations(
                of: features, startingAt: first, from: centres, groups: labels, addingSquaresTo: &squares)
            upperScatter.addUpperGram(of: block)
        }
        for k in 0..<classes { squaredDeviations[k] += squares.row(k).reduce(0, +) }
    }

    /// Moves counts and means to those of the union, and adds what the scatter gains by the move: for each class
    /// n_a n_b/(n_a + n_b) · δδᵀ, δ the difference of the two means (Chan, Golub and LeVeque 1983, eq. 2.1).
    private mutating func include(_ otherCounts: [Int], _ otherMeans: Matrix) {
        var shifts: [Double] = []
        for k in 0..<classes where otherCounts[k] > 0 {
            let (here, there) = (Double(counts[k]), Double(otherCounts[k]))
            counts[k] += otherCounts[k]
            if here == 0 {
                for j in 0..<dimension { means[k, j] = otherMeans[k, j] }
                continue
            }
            let (gain, share) = (here * (there / (here + there)), there / (here + there))
            var squared = 0.0
            for j in 0..<dimension {
                let difference = otherMeans[k, j] - means[k, j]
                squared += difference * difference
                shifts.append(gain.squareRoot() * difference)
                means[k, j] += share * difference
            }
            squaredDeviations[k] += gain * squared
        }
        upperScatter.addUpperGram(
            of: Matrix(rows: shifts.count / dimension, columns: dimension, elements: shifts))
    }
}
