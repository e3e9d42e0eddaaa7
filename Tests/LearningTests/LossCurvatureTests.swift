import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// ∇²ℓ·v of one sample, in Float64 from the textbook's formulas: the naive twin.
private func naiveProduct(_ loss: ClassificationLoss, of z: [Double], label y: Int, by v: [Double]) -> [Double] {
    let m = z.max()!
    let sum = z.reduce(0.0) { $0 + exp($1 - m) }
    let pi = z.map { exp($0 - m) / sum }
    let mean = zip(pi, v).reduce(0.0) { $0 + $1.0 * $1.1 }
    let crossEntropy = z.indices.map { pi[$0] * (v[$0] - mean) }
    switch loss {
    case .crossEntropy, .labelSmoothing: return crossEntropy
    case .focal(let gamma):
        // ℓ = φ(p): ∇²ℓ = φ''∇p∇pᵀ + φ'∇²p with p = π_y, ∇p = p(e_y − π), ∇²p = p[(e_y − π)(e_y − π)ᵀ − ∇²CE].
        let (p, q) = (pi[y], 1 - pi[y])
        let first = gamma * pow(q, gamma - 1) * log(p) - pow(q, gamma) / p
        let second =
            -gamma * (gamma - 1) * pow(q, gamma - 2) * log(p) + 2 * gamma * pow(q, gamma - 1) / p
            + pow(q, gamma) / (p * p)
        let towards = z.indices.map { ($0 == y ? 1 : 0) - pi[$0] }
        let along = zip(towards, v).reduce(0.0) { $0 + $1.0 * $1.1 }
        return z.indices.map {
            (second * p * p + first * p) * along * towards[$0] - first * p * crossEntropy[$0]
        }
    case .meanSquaredError: return v
    case .rescaledSquaredError(let kappa, _): return v.indices.map { $0 == y ? kappa * v[$0] : v[$0] }
    }
}

/// Value, gradient and product, all under test; rows are a few numbers longer than the samples.
private func differentiated<Scalar: BLASScalar>(
    _ loss: ClassificationLoss, as: Scalar.Type, logits: [[Double]], tangents: [[Double]], labels: [Int32],
    scale: Double
) -> (value: Double, gradient: [[Double]], product: [[Double]]) {
    let (classes, samples) = (logits.count, labels.count)
    let stride = samples + 3
    let (z, v) = (Buffer<Scalar>(count: classes * stride), Buffer<Scalar>(count: classes * stride))
    for k in 0..<classes {
        for i in 0..<stride {
            z[k * stride + i] = i < samples ? Scalar(logits[k][i]) : 77
            v[k * stride + i] = i < samples ? Scalar(tangents[k][i]) : 78
        }
    }
    let value = loss.evaluate(
        logits: z.start, tangents: v.start, classes: classes, samples: samples, stride: stride, labels: labels,
        scale: Scalar(scale), workspace: LossWorkspace())
    for k in 0..<classes { for i in samples..<stride { #expect(z[k * stride + i] == 77 && v[k * stride + i] == 78) } }
    func rows(_ buffer: Buffer<Scalar>) -> [[Double]] {
        (0..<classes).map { k in (0..<samples).map { Double(buffer[k * stride + $0]) } }
    }
    return (value, rows(z), rows(v))
}

private func largestDifference(_ a: [[Double]], _ b: [[Double]]) -> Double {
    let differences = zip(a, b).flatMap { zip($0, $1).map { abs($0 - $1) } }
    return differences.allSatisfy(\.isFinite) ? differences.max()! / b.joined().map(abs).max()! : .infinity
}

@Suite struct LossCurvatureTests {
    static let losses =
        ClassificationLoss.allCases + [.labelSmoothing(0.7), .focal(gamma: 0), .focal(gamma: 1), .focal(gamma: 3.3)]

    @Test(arguments: losses, [(2, 1), (4, 40), (10, 129), (26, 300)])
    func agreesWithTheNaiveTwin(_ loss: ClassificationLoss, _ shape: (classes: Int, samples: Int)) {
        let logits = randomLogits(shape.classes, shape.samples, spread: 2)
        let tangents = randomLogits(shape.samples, shape.classes, spread: 1)
        let v = (0..<shape.classes).map { k in (0..<shape.samples).map { tangents[$0][k] } }
        let labels = (0..<shape.samples).map { Int32(($0 * 7) % shape.classes) }
        var naive = v
        for i in 0..<shape.samples {
            let product = naiveProduct(
                loss, of: logits.map { $0[i] }, label: Int(labels[i]), by: v.map { $0[i] })
            for k in 0..<shape.classes { naive[k][i] = 0.25 * product[k] }
        }
        let double = differentiated(loss, as: Double.self, logits: logits, tangents: v, labels: labels, scale: 0.25)
        #expect(largestDifference(double.product, naive) < 1e-13)
        let single = differentiated(loss, as: Float.self, logits: logits, tangents: v, labels: labels, scale: 0.25)
        #expect(largestDifference(single.product, naive) < 1e-5)
        // Value and gradient are those of the first derivative's pass, to the last bit.
        let plain = evaluated(loss, as: Double.self, logits: logits, labels: labels, scale: 0.25)
        #expect(plain.value == double.value && plain.gradient == double.gradient)
    }

    @Test(arguments: losses)
    func agreesWithCentralDifferencesOfTheGradient(_ loss: ClassificationLoss) {
        let (logits, tangents) = (randomLogits(6, 9, spread: 2), randomLogits(6, 18, spread: 1).map { Array($0[9...]) })
        let labels = (0..<9).map { Int32($0 % 6) }
        func gradient(_ shift: Double) -> [[Double]] {
            let shifted = zip(logits, tangents).map { zip($0, $1).map { $0 + shift * $1 } }
            return evaluated(loss, as: Double.self, logits: shifted, labels: labels, scale: 1).gradient
        }
        let differences = zip(gradient(1e-5), gradient(-1e-5)).map { zip($0, $1).map { ($0 - $1) / 2e-5 } }
        let product = differentiated(
            loss, as: Double.self, logits: logits, tangents: tangents, labels: labels, scale: 1
        ).product
        #expect(largestDifference(product, differences) < 1e-6)
    }

    /// Where the loss is tiny so are its second derivatives: with one wrong class, cross-entropy's ∇²ℓ·v is p q
    /// (v_0 − v_1), q = 1/(1 + e^gap), and the focal loss's (γ + 1)² q^γ times that to first order in q.
    @Test(arguments: [20.0, 36, 60, 100, 300], [0.0, 0.5, 1, 2])
    func tinyCurvatureKeepsItsRelativeAccuracy(_ gap: Double, _ gamma: Double) {
        let loss: ClassificationLoss = gamma == 0 ? .crossEntropy : .focal(gamma: gamma)
        let product = differentiated(
            loss, as: Double.self, logits: [[gap], [0]], tangents: [[0.3], [1.0]], labels: [0], scale: 1
        ).product
        let q = exp(-gap) / (1 + exp(-gap))
        // ℓ = q^γ·L as a function of the gap: its second derivative, L = q(1 + q/2 + …).
        let expected = (gamma + 1) * (gamma + 1) * pow(q, gamma + 1) * (0.3 - 1)
        for (actual, sign) in [(product[0][0], 1.0), (product[1][0], -1)] {
            #expect(abs(actual - sign * expected) <= (1e-13 + 20 * q) * (1 + gap) * abs(expected))
        }
    }
}

@Suite struct SoftTargetLossTests {
    /// With all weight on one class it is cross-entropy: value, gradient and product, tiny losses too.
    @Test(arguments: [1.0, 4, 40])
    func oneHotTargetsAreCrossEntropy(_ spread: Double) {
        let (classes, samples) = (7, 200)
        let (logits, v) = (randomLogits(classes, samples, spread: spread), randomLogits(classes, samples, spread: 1))
        let labels = (0..<samples).map { Int32($0 % classes) }
        let targets = Buffer<Double>(count: classes * samples)
        for i in 0..<samples { targets[Int(labels[i]) * samples + i] = 1 }
        let loss = SoftTargetLoss<Double>(
            classes: classes, samples: samples, targets: targets, masses: Buffer(labels.map { _ in 1 }))
        let (z, tangents) = (Buffer(logits.flatMap { $0 }), Buffer(v.flatMap { $0 }))
        let value = loss.evaluate(logits: z.start, tangents: tangents.start, scale: 0.5)
        let expected = differentiated(
            .crossEntropy, as: Double.self, logits: logits, tangents: v, labels: labels, scale: 0.5)
        #expect(abs(value - expected.value) <= 2e-15 * expected.value)
        for (actual, other) in [(z.array, expected.gradient), (tangents.array, expected.product)] {
            for (a, b) in zip(actual, other.joined()) { #expect(abs(a - b) <= 2e-14 * abs(b)) }
        }
    }

    /// Any targets: the definition in plain loops, and central differences of the gradient.
    @Test func agreesWithTheNaiveTwin() {
        let (classes, samples, h) = (5, 130, 1e-5)
        let (logits, v) = (randomLogits(classes, samples, spread: 2), randomLogits(classes, samples, spread: 1.5))
        let random = Philox(seed: 6, purpose: .test)
        let t = (0..<classes * samples).map { $0 % 3 == 0 ? 0 : random.uniform(at: UInt64($0)) }
        let masses = (0..<samples).map { i in (0..<classes).reduce(0.0) { $0 + t[$1 * samples + i] } }
        let loss = SoftTargetLoss<Double>(
            classes: classes, samples: samples, targets: Buffer(t), masses: Buffer(masses))
        func gradient(_ shift: Double) -> (value: Double, gradient: [Double]) {
            let z = Buffer(zip(logits, v).flatMap { zip($0, $1).map { $0 + shift * $1 } })
            let value = loss.evaluate(logits: z.start, scale: 0.5)
            return (value, z.array)
        }
        var expected = 0.0
        for i in 0..<samples {
            let logSum = log((0..<classes).reduce(0.0) { $0 + exp(logits[$1][i]) })
            for k in 0..<classes { expected += 0.5 * t[k * samples + i] * (logSum - logits[k][i]) }
        }
        let here = gradient(0)
        #expect(abs(here.value - expected) < 1e-13 * expected)
        let (above, below) = (gradient(h), gradient(-h))
        let slope = zip(here.gradient, v.joined()).reduce(0.0) { $0 + $1.0 * $1.1 }
        #expect(abs((above.value - below.value) / (2 * h) - slope) < 1e-8 * expected)
        let (z, tangents) = (Buffer(logits.flatMap { $0 }), Buffer(v.flatMap { $0 }))
        _ = loss.evaluate(logits: z.start, tangents: tangents.start, scale: 0.5)
        #expect(z.array == here.gradient)
        for i in 0..<z.count {
            #expect(abs((above.gradient[i] - below.gradient[i]) / (2 * h) - tangents[i]) < 1e-9)
        }
    }

    /// `isConvex` and `isShiftInvariant`, on which certificates and verdicts rest, and `attainsZero`: the loss that has
    /// the property never breaks it, and one that has it not is seen to.
    @Test(arguments: ClassificationLoss.allCases)
    func propertiesAreThoseOfTheFormula(_ loss: ClassificationLoss) {
        let (classes, samples) = (3, 4000)
        let random = Philox(seed: 11, purpose: .test)
        func draws(_ stream: UInt32, spread: Double) -> [[Double]] {
            (0..<classes).map { k in
                (0..<samples).map { spread * random.normal(at: UInt64(k * samples + $0), stream: stream) }
            }
        }
        let (logits, directions) = (draws(0, spread: 4), draws(1, spread: 1))
        let labels = (0..<samples).map { Int32($0 % classes) }
        let seen = differentiated(
            loss, as: Double.self, logits: logits, tangents: directions, labels: labels, scale: 1)
        let curvatures = (0..<samples).map { i in
            (0..<classes).reduce(0) { $0 + seen.product[$1][i] * directions[$1][i] }
        }
        #expect(curvatures.allSatisfy { $0 >= -1e-12 } == loss.isConvex, "\(curvatures.min()!)")
        // The gradient of a loss that sees differences alone sums to zero.
        let sums = (0..<samples).map { i in abs(seen.gradient.reduce(0) { $0 + $1[i] }) }
        #expect((sums.max()! < 1e-13) == loss.isShiftInvariant, "\(sums.max()!)")
        #expect(seen.value > 0)
        // Downhill from there: to zero, or to where nothing finite is.
        var point = logits.map { [$0[0]] }
        for _ in 0..<20_000 {
            let step = differentiated(
                loss, as: Double.self, logits: point, tangents: point, labels: [labels[0]], scale: 1)
            for k in 0..<classes { point[k][0] -= 0.3 * step.gradient[k][0] }
        }
        let end = differentiated(loss, as: Double.self, logits: point, tangents: point, labels: [labels[0]], scale: 1)
        #expect((end.value < 1e-20) == loss.attainsZero, "\(end.value)")
    }
}
