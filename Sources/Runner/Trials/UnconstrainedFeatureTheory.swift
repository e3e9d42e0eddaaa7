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
            record.set("certified_gap", (point.value - bound.value) / point.value)
        }
        if let means = point.classMeans, let weights = point.weights { recordGeometry(weights, means, in: &record) }
        for reference in references { record.set("reference_\(reference.family.rawValue)", reference.value) }
    }

    private func evidence<Scalar>(of point: MeasuredPoint<Scalar>, curvesDown: Bool?) -> PointEvidence {
        var evidence = PointEvidence(
            objective: point.value, relativeGradientNorm: point.relativeGradientNorm, ulp: Double(Scalar.ulpOfOne))
        evidence.largestLogit = point.largestLogit
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
}
