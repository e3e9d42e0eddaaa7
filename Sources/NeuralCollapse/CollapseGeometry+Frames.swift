import LinearAlgebra

/// NC2 and NC3: how close class means and classifier are to a simplex equiangular tight frame, and to each other.
extension CollapseGeometry {
    var equinormFeatures: Double? { centredMeans.flatMap { equinorm($0, above: resolution) } }
    var equinormClassifier: Double? { classifier.flatMap { equinorm($0.weights, above: 0) } }

    var equiangularFeatures: Double? { centredMeans.flatMap { equiangularity($0, above: resolution) } }
    var equiangularClassifierUncentred: Double? { classifier.flatMap { equiangularity($0.weights, above: 0) } }
    var equiangularClassifier: Double? {
        centredWeights.flatMap { equiangularity($0.weights, above: $0.resolution) }
    }

    var etfDistanceFeatures: Double? { centredMeans.flatMap { etfDistance($0, above: resolution) } }
    var etfDistanceClassifier: Double? { classifier.flatMap { etfDistance($0.weights, above: 0) } }
    var etfDistanceClassifierCentred: Double? {
        centredWeights.flatMap { etfDistance($0.weights, above: $0.resolution) }
    }

    var dualityDistance: Double? {
        guard let classifier, let centredMeans, let means = unitNorm(centredMeans, above: resolution),
            let weights = unitNorm(classifier.weights, above: 0)
        else { return nil }
        let product = Matrix.product(weights, means, transposeB: .yes)
        // W ⟂ M leaves only the rounding of d additions, which has no direction.
        return simplexDistance(product, above: Double(statistics.dimension) * Double.ulpOfOne)
    }

    var alignmentDistance: Double? {
        guard let classifier, let centredMeans, let means = unitNorm(centredMeans, above: resolution),
            let weights = unitNorm(classifier.weights, above: 0)
        else { return nil }
        return (weights - means).frobeniusNorm
    }

    var biasCollapse: Double? {
        guard let classifier, let globalMean else { return nil }
        let mean = Matrix(rows: 1, columns: globalMean.count, elements: globalMean)
        return classifier.logits(of: mean).frobeniusNorm
    }

    var classifierRowSum: Double? {
        guard let classifier, let weights = unitNorm(classifier.weights, above: 0) else { return nil }
        let sum = weights.combiningRows(with: Array(repeating: 1, count: classes))
        return Matrix(rows: 1, columns: sum.count, elements: sum).frobeniusNorm
    }

    var nearestMeanError: Double? {
        guard let decisions, let errors = decisions.nearestMeanErrors else { return nil }
        return Double(errors) / Double(decisions.samples)
    }

    var nearestMeanMismatch: Double? {
        guard let decisions, let mismatches = decisions.mismatches else { return nil }
        return Double(mismatches) / Double(decisions.samples)
    }

    /// W with the mean of its rows taken off, and the length below which a row of it is rounding.
    private var centredWeights: (weights: Matrix, resolution: Double)? {
        guard let weights = classifier?.weights else { return nil }
        let mean = weights.combiningRows(with: Array(repeating: 1 / Double(classes), count: classes))
        return (weights.subtractingFromRows(mean), 16 * Double.ulpOfOne * (weights.rowNorms.max() ?? 0))
    }

    /// Standard deviation (divided by K, not K − 1) over mean of the row lengths; nil if all are rounding.
    private func equinorm(_ rows: Matrix, above smallest: Double) -> Double? {
        let norms = rows.rowNorms
        guard norms.contains(where: { $0 > smallest }) else { return nil }
        let mean = norms.reduce(0, +) / Double(norms.count)
        let variance = norms.reduce(0) { $0 + ($1 / mean - 1) * ($1 / mean - 1) } / Double(norms.count)
        return variance.squareRoot()
    }

    /// Mean over i ≠ j of |cos + 1/(K−1)|; nil if a row has no direction.
    private func equiangularity(_ rows: Matrix, above smallest: Double) -> Double? {
        let norms = rows.rowNorms
        guard norms.allSatisfy({ $0 > smallest }) else { return nil }
        let unit = rows.scalingRows(by: norms.map { 1 / $0 })
        let cosines = Matrix.product(unit, unit, transposeB: .yes)
        let ideal = -1 / Double(classes - 1)
        var sum = 0.0
        for i in 0..<classes { for j in 0..<i { sum += abs(cosines[i, j] - ideal) } }
        return sum / Double(classes * (classes - 1) / 2)
    }

    /// The distance of the normalised Gram matrix of the rows from that of the simplex; nil if all rows are rounding.
    private func etfDistance(_ rows: Matrix, above smallest: Double) -> Double? {
        guard rows.rowNorms.contains(where: { $0 > smallest }), let unit = unitNorm(rows, above: 0) else { return nil }
        return simplexDistance(Matrix.product(unit, unit, transposeB: .yes), above: 0)
    }

    /// ‖A/‖A‖_F − P/√(K−1)‖_F of a (K × K) matrix; nil if ‖A‖_F does not exceed `smallest`.
    private func simplexDistance(_ matrix: Matrix, above smallest: Double) -> Double? {
        guard let unit = unitNorm(matrix, above: smallest) else { return nil }
        let (count, scale) = (Double(classes), Double(classes - 1).squareRoot())
        return (unit - Matrix(rows: classes, columns: classes) { (($0 == $1 ? 1 : 0) - 1 / count) / scale })
            .frobeniusNorm
    }

    /// A/‖A‖_F; nil if ‖A‖_F does not exceed `smallest`.
    private func unitNorm(_ matrix: Matrix, above smallest: Double) -> Matrix? {
        let norm = matrix.frobeniusNorm
        return norm > smallest ? 1 / norm * matrix : nil
    }
}
