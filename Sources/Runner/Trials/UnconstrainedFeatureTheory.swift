import Learning
import LinearAlgebra
import NeuralCollapse
import Results
import Sweeps
import UnconstrainedFeatures

/// What theory says of a model, asked once a trial, and the columns in which a point is held against it.
struct UnconstrainedFeatureTheory {
    let model: UnconstrainedFeatureModel
    let optimum: Optimum?
    private let references: [ReferencePoint]

    init(_ model: UnconstrainedFeatureModel) {
        self.model = model
        optimum = model.optimum
        references = model.referencePoints
    }

    /// (f − f*)/f*; nil where f* is zero.
    func gap(_ objective: Double) -> Double? {
        optimum.flatMap { $0.value > 0 ? (objective - $0.value) / $0.value : nil }
    }

    static let columns: [Vocabulary.Name] =
        [.number("objective"), .choice("verdict", Verdict.allCases.map(\.rawValue))]
        + [
            "optimum", "gap", "gradient_norm", "certificate", "certified_gap", "geometry_error", "seli_classifier",
            "seli_features", "minority_cosine", "minority_collapse",
        ].map(Vocabulary.Name.number)
        + ReferencePoint.Family.allCases.map { Vocabulary.Name.number("reference_\($0.rawValue)") }

    /// - Parameter curvesDown: whether a direction of negative curvature is known; nil where none was looked for.
    func record<Scalar>(_ point: MeasuredPoint<Scalar>, curvesDown: Bool?, in record: inout TrialRecord) {
        record.set("objective", point.value)
        record.set("optimum", optimum?.value)
        record.set("gap", gap(point.value))
        record.set("gradient_norm", point.gradientNorm)
        let evidence = evidence(of: point, curvesDown: curvesDown)
        let verdict = evidence.verdict
        if let verdict { record.set("verdict", verdict.rawValue) }
        // Of a minimum that the value proves, a bound that is not met says nothing.
        if let bound = point.bound, verdict != .global || evidence.isCertified {
            record.set("certificate", bound.certificate)
            if point.value != 0 { record.set("certified_gap", (point.value - bound.value) / point.value) }
        }
        if let weights = point.weights {
            if let means = point.classMeans {
                recordGeometry(weights, means, in: &record)
            } else {
                record.set("geometry_error", tagwiseError(weights, point.features))
            }
        }
        for reference in references { record.set("reference_\(reference.family.rawValue)", reference.value) }
    }

    private func evidence<Scalar>(of point: MeasuredPoint<Scalar>, curvesDown: Bool?) -> PointEvidence {
        var evidence = PointEvidence(
            objective: point.value, relativeGradientNorm: point.relativeGradientNorm, ulp: Double(Scalar.ulpOfOne))
        evidence.largestLogit = point.largestLogit
        evidence.attainsZero = model.decays == nil && model.loss.attainsZero
        evidence.optimum = optimum?.value
        evidence.attained = references.map(\.value).min()
        evidence.lowerBound = point.bound?.value
        evidence.isBoundAttained = point.bound?.isAttained ?? false
        evidence.curvesDown = curvesDown
        evidence.hasTrueGradient = point.hasTrueGradient
        // What curves down can often be told without eigenvalues.
        if evidence.verdict == nil, point.escape?.isDown == true { evidence.curvesDown = true }
        return evidence
    }

    private func recordGeometry(_ weights: Matrix, _ means: Matrix, in record: inout TrialRecord) {
        if let optimum, optimum.isUnique, let configuration = optimum.configuration,
            configuration.classifier.rows == weights.rows
        {
            record.set("geometry_error", configuration.deviation(classifier: weights, features: means))
        }
        guard case .classSizes(let sizes) = model.samples else { return }
        let seli = SELIGeometry(classSizes: sizes)
        record.set("seli_classifier", seli.classifierDistance(weights))
        record.set("seli_features", seli.featureDistance(means))
        let smallest = sizes.indices.filter { sizes[$0] == sizes.min() }
        record.set("minority_cosine", weights.leastCosine(ofRows: smallest))
        if smallest.count > 1, let collapses = model.minorityCollapse {
            record.set("minority_collapse", collapses[smallest[0]] ? 1 : 0)
        }
    }

    /// For sets of labels S: how far WWᵀ is from w²P, and features are from the tag-wise average (a_m/w²) Wᵀ1_S, m =
    /// |S|, relative to these; the larger.
    private func tagwiseError(_ weights: Matrix, _ features: Matrix) -> Double? {
        guard let optimum, let squaredNorm = optimum.classifierSquaredNorm, squaredNorm > 0, !optimum.leads.isEmpty
        else { return nil }
        let k = Double(model.classes)
        let square = squaredNorm / (k - 1)
        let frame = Matrix(rows: model.classes, columns: model.classes) { square * (($0 == $1 ? 1 : 0) - 1 / k) }
        let sets = model.samples.labels(classes: model.classes)
        let shares = Matrix(rows: features.rows, columns: model.classes) {
            sets[$0].contains($1) ? optimum.leads[sets[$0].count - 1] / square : 0
        }
        let expected = Matrix.product(shares, weights)
        let gram = Matrix.product(weights, weights, transposeB: .yes)
        return max(
            (gram - frame).frobeniusNorm / frame.frobeniusNorm,
            (features - expected).frobeniusNorm / expected.frobeniusNorm)
    }
}
