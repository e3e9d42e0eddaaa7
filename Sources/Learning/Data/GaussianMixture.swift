import RandomNumbers

/// A data set made on the spot: each class a normal distribution with the identity as covariance, the means as far from
/// each other as `separation` says.
///
/// `gaussian(K=4, d=32, n=500, separation=3)`; see docs/SWEEPS.md for the other arguments.
struct GaussianMixture: DataSetSource, Equatable {
    enum Means: String { case simplex, random }

    var classes = 0
    var dimension = 0
    /// Of each class.
    var trainingSamples = 0
    var testSamples = 0
    /// Distance between the means of two classes, in standard deviations of a class; with random means their distance
    /// on average.
    var separation = 3.0
    var means = Means.simplex
    var seed: UInt64 = 0

    private static let example = "gaussian(K=4,d=32,n=500,separation=3)"
    private static let accepted = "K, d, n, test, separation, means, seed"

    /// nil for a word that names no mixture.
    init?(parsing text: String) throws(SpecificationError) {
        guard text == "gaussian" || text.hasPrefix("gaussian(") else { return nil }
        let specification = try Specification(parsing: text, as: "data set", example: Self.example)
        func fail(_ problem: String) -> SpecificationError {
            SpecificationError("data set '\(text)': \(problem); write e.g. \(Self.example)")
        }
        var given: Set<String> = []
        for part in (specification.arguments ?? "").split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
            guard pair.count == 2 else { throw fail("'\(part.trimmed)' is not of the form name=value") }
            guard given.insert(pair[0]).inserted else { throw fail("'\(pair[0])' is given twice") }
            func whole(_ range: ClosedRange<Int>) throws(SpecificationError) -> Int {
                guard let number = Int(pair[1]), range.contains(number) else {
                    throw fail(
                        "\(pair[0]) '\(pair[1])' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
                }
                return number
            }
            switch pair[0] {
            case "K": classes = try whole(2...100_000)
            case "d": dimension = try whole(1...1_000_000)
            case "n": trainingSamples = try whole(1...10_000_000)
            case "test": testSamples = try whole(1...10_000_000)
            case "seed": seed = UInt64(try whole(0...Int.max))
            case "separation":
                guard let number = Double(pair[1]), number >= 0, number <= 1e6 else {
                    throw fail("separation '\(pair[1])' is not a number from 0 to 1e6")
                }
                separation = number
            case "means":
                guard let means = Means(rawValue: pair[1]) else {
                    throw fail("means '\(pair[1])' are neither simplex nor random")
                }
                self.means = means
            default: throw fail("unknown argument '\(pair[0])' (known: \(Self.accepted))")
            }
        }
        for name in ["K", "d", "n"] where !given.contains(name) { throw fail("'\(name)' is missing") }
        if !given.contains("test") { testSamples = trainingSamples }
        guard means == .random || dimension >= classes - 1 else {
            throw fail("a simplex of K = \(classes) means needs d of at least \(classes - 1); or say means=random")
        }
        // Far from where the arithmetic overflows; what fits into the machine is looked at elsewhere.
        guard classes * max(trainingSamples, testSamples) < 1 << 40 / dimension else {
            throw fail("that many numbers fit into no machine")
        }
    }

    func summary() -> DataSetSummary {
        func labels(_ count: Int) -> [Int32] { (0..<classes * count).map { Int32($0 % classes) } }
        return DataSetSummary(
            sampleShape: [dimension], element: .float, classes: classes, trainingLabels: labels(trainingSamples),
            testLabels: labels(testSamples))
    }

    func read(_ part: DataSetPart, of summary: DataSetSummary, into target: UnsafeMutableRawBufferPointer) {
        let values = target.bindMemory(to: Float.self)
        let random = Philox(seed: seed, purpose: .mixture)
        let stream: UInt32 = part == .training ? 0 : 1
        let means = (0..<classes).map(mean)
        for (sample, label) in summary.labels(part).enumerated() {
            let (start, mean) = (sample * dimension, means[Int(label)])
            for j in 0..<dimension {
                values[start + j] = Float(mean[j] + random.normal(at: UInt64(start + j), stream: stream))
            }
        }
    }

    /// The mean of one class, (dimension).
    func mean(ofClass label: Int) -> [Double] {
        var mean = [Double](repeating: 0, count: dimension)
        switch means {
        case .simplex:
            // Helmert's orthonormal rows: their columns are the corners of a regular simplex with edges of √2.
            let scale = separation / 2.0.squareRoot()
            for row in max(0, label - 1)..<classes - 1 {
                let norm = Double((row + 1) * (row + 2)).squareRoot()
                mean[row] = scale * (label == row + 1 ? -Double(row + 1) : 1) / norm
            }
        case .random:
            let random = Philox(seed: seed, purpose: .mixture)
            for j in 0..<dimension { mean[j] = random.normal(at: UInt64(label * dimension + j), stream: 2) }
            let norm = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // Independent directions are orthogonal on average.
            for j in 0..<dimension { mean[j] *= separation / (2.0.squareRoot() * norm) }
        }
        return mean
    }
}
