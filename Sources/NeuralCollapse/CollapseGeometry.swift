import LinearAlgebra

/// What several metrics share, each part made once, when first asked for.
struct CollapseGeometry {
    let statistics: ClassStatistics
    /// nil if none was given or it is not finite.
    let classifier: LinearClassifier?
    /// nil if none were given or they are of no samples.
    let decisions: DecisionStatistics?
    /// Weights ω_k; nil if a class has no samples or a feature is not finite. So are all parts derived from it.
    let weights: [Double]?
    /// μ_G.
    let globalMean: [Double]?
    /// μ_k − μ_G as rows (K × d): Mᵀ.
    let centredMeans: Matrix?
    /// The length below which a difference of class means is rounding.
    let resolution: Double

    init(
        statistics: ClassStatistics, classifier: LinearClassifier?, decisions: DecisionStatistics?,
        weighting: Weighting
    ) {
        precondition(
            classifier == nil
                || classifier!.weights.rows == statistics.classes
                    && classifier!.weights.columns == statistics.dimension,
            "shape of the classifier")
        self.statistics = statistics
        self.classifier = classifier.flatMap { $0.isFinite ? $0 : nil }
        self.decisions = decisions.flatMap { $0.samples > 0 ? $0 : nil }
        let finite = statistics.isFinite
        weights = finite ? statistics.weights(weighting) : nil
        globalMean = finite ? statistics.globalMean(weighting) : nil
        let centred = globalMean.map { statistics.means.subtractingFromRows($0) }
        centredMeans = centred.flatMap { $0.isFinite ? $0 : nil }
        resolution = statistics.resolution
    }

    var classes: Int { statistics.classes }

    /// N·Σ_W (d × d), both triangles.
    lazy var withinClassScatter = statistics.withinClassScatter

    /// The directions that Σ_B spans: Σ_B = Σ_i lengths[i]² u_i u_iᵀ, from the thin SVD of the rows √ω_k (μ_k − μ_G).
    struct BetweenClass {
        /// s_i, descending; squares are the eigenvalues of Σ_B.
        let lengths: [Double]
        /// u_i as rows (rank × d).
        let directions: Matrix
        var rank: Int { lengths.count }
    }

    /// An eigenvalue of Σ_B counts if it exceeds this fraction of the largest: the default of NumPy's `pinv`.
    static let betweenClassTolerance = 1e-15

    lazy var betweenClass: BetweenClass? = {
        guard let centredMeans, let weights else { return nil }
        let svd = centredMeans.scalingRows(by: weights.map { $0.squareRoot() }).singularValues()
        // The K rows are linearly dependent: a K-th singular value is rounding and falls below the tolerance.
        let smallest = max(resolution, Self.betweenClassTolerance.squareRoot() * (svd.values.first ?? 0))
        let lengths = Array(svd.values.prefix { $0 > smallest })
        return BetweenClass(lengths: lengths, directions: svd.right.rows(0..<lengths.count))
    }()

    /// The parts of Σ_B, or nil if all class means coincide.
    var separatedClasses: BetweenClass? {
        mutating get { betweenClass.flatMap { $0.rank > 0 ? $0 : nil } }
    }

    /// N·Σ_T = N·(Σ_W + Σ_B), decomposed.
    lazy var totalCovariance: Eigen? = {
        guard let weights else { return nil }
        return scatter(weightedBy: weights.map { $0 * Double(statistics.sampleCount) })?.symmetricEigen()
    }()

    /// Eigenvalues of the scatter of all samples around μ_G, Σ (h − μ_G)(h − μ_G)ᵀ, in descending order, those that
    /// are rounding set to zero.
    lazy var totalScatterSpectrum: [Double]? = {
        guard let weights else { return nil }
        let counts = statistics.counts.map(Double.init)
        // With classes of equal size, or samples of equal weight, it is N·Σ_T itself.
        let total = Double(statistics.sampleCount)
        let same = zip(weights, counts).allSatisfy { abs($0 * total - $1) <= 1e-12 * $1 }
        guard let values = same ? totalCovariance?.values : scatter(weightedBy: counts)?.symmetricEigenvalues() else {
            return nil
        }
        let smallest = smallestEigenvalue(of: values)
        return values.map { $0 > smallest ? $0 : 0 }
    }()

    /// An eigenvalue of a total scatter counts if it exceeds this: the error bound of the eigenvalue routine, or the
    /// scatter of features that differ by rounding alone.
    func smallestEigenvalue(of values: [Double]) -> Double {
        let relative = 10 * Double(values.count) * Double.ulpOfOne * (values.first ?? 0)
        return max(relative, Double(statistics.sampleCount) * resolution * resolution)
    }

    /// N·Σ_W + Σ_k factors[k] (μ_k − μ_G)(μ_k − μ_G)ᵀ; nil if undefined.
    private mutating func scatter(weightedBy factors: [Double]) -> Matrix? {
        guard let centredMeans else { return nil }
        var scatter = withinClassScatter
        scatter.addGram(of: centredMeans.scalingRows(by: factors.map { $0.squareRoot() }))
        return scatter.isFinite ? scatter : nil
    }
}
