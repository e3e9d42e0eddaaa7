import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension ClassificationLoss {
    /// One of each kind for tests that must hold for all, and a power that is not whole.
    static let allCases: [ClassificationLoss] = [
        .crossEntropy, .labelSmoothing(0.1), .focal(gamma: 2), .focal(gamma: 0.5), .meanSquaredError,
        .rescaledSquaredError(kappa: 1.5, target: 2),
    ]
}

/// The naive twin: one sample at a time, in Float64 with libm. Logits are [class][sample].
func naiveLoss(
    _ loss: ClassificationLoss, logits: [[Double]], labels: [Int32], scale: Double
) -> (value: Double, gradient: [[Double]]) {
    var gradient = logits
    // Summed with Neumaier's compensation, so that the twin's own error does not count.
    var (value, lost) = (0.0, 0.0)
    for i in labels.indices {
        let sample = naiveLoss(loss, of: logits.map { $0[i] }, label: Int(labels[i]))
        let sum = value + sample.value
        lost += abs(value) >= abs(sample.value) ? (value - sum) + sample.value : (sample.value - sum) + value
        value = sum
        for k in logits.indices { gradient[k][i] = scale * sample.gradient[k] }
    }
    return (scale * (value + lost), gradient)
}

private func naiveLoss(
    _ loss: ClassificationLoss, of z: [Double], label y: Int
) -> (value: Double, gradient: [Double]) {
    let m = z.max()!
    let wrong = z.indices.filter { $0 != y }.reduce(0.0) { $0 + exp(z[$1] - m) }
    let sum = wrong + exp(z[y] - m)
    let crossEntropy = z[y] == m ? log1p(wrong) : log(sum) + m - z[y]
    // softmax(z) − e_y
    let residual = z.indices.map { $0 == y ? -wrong / sum : exp(z[$0] - m) / sum }
    switch loss {
    case .crossEntropy:
        return (crossEntropy, residual)
    case .labelSmoothing(let amount):
        let share = amount / Double(z.count)
        var value = 0.0
        for k in z.indices { value += ((k == y ? 1 - amount : 0) + share) * (log(sum) + m - z[k]) }
        return (value, z.indices.map { residual[$0] + (($0 == y) ? amount : 0) - share })
    case .focal(let gamma):
        // −dℓ/dp · p times cross-entropy's gradient, as dp/dz_k = −p · residual_k; nothing is left at q = 0.
        let (p, q) = (exp(z[y] - m) / sum, wrong / sum)
        let slope = q > 0 ? gamma * pow(q, gamma - 1) * crossEntropy * p + pow(q, gamma) : gamma > 0 ? 0 : 1
        return (pow(q, gamma) * crossEntropy, residual.map { slope * $0 })
    case .meanSquaredError:
        let difference = z.indices.map { z[$0] - ($0 == y ? 1 : 0) }
        return (difference.reduce(0) { $0 + $1 * $1 / 2 }, difference)
    case .rescaledSquaredError(let kappa, let target):
        let difference = z.indices.map { z[$0] - ($0 == y ? target : 0) }
        let weights = z.indices.map { $0 == y ? kappa : 1 }
        return (
            zip(weights, difference).reduce(0) { $0 + $1.0 * $1.1 * $1.1 / 2 }, zip(weights, difference).map { $0 * $1 }
        )
    }
}

/// The loss under test, with `padding` numbers behind each row; also checks that `value` agrees and writes nothing.
func evaluated<Scalar: BLASScalar>(
    _ loss: ClassificationLoss, as scalar: Scalar.Type, logits: [[Double]], labels: [Int32], scale: Double,
    padding: Int = 0
) -> (value: Double, gradient: [[Double]]) {
    let (classes, samples) = (logits.count, labels.count)
    let stride = samples + padding
    let buffer = Buffer<Scalar>(count: classes * stride)
    for k in 0..<classes { for i in 0..<stride { buffer[k * stride + i] = i < samples ? Scalar(logits[k][i]) : 77 } }
    let workspace = LossWorkspace<Scalar>()
    let before = buffer.array
    let only = loss.value(
        logits: buffer.start, classes: classes, samples: samples, stride: stride, labels: labels,
        scale: Scalar(scale), workspace: workspace)
    #expect(zip(before, buffer.array).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
    let value = loss.evaluate(
        logits: buffer.start, classes: classes, samples: samples, stride: stride, labels: labels,
        scale: Scalar(scale), workspace: workspace)
    #expect(value == only || value.isNaN && only.isNaN)
    for k in 0..<classes { for i in samples..<stride { #expect(buffer[k * stride + i] == 77) } }
    return (value, (0..<classes).map { k in (0..<samples).map { Double(buffer[k * stride + $0]) } })
}

func randomLogits(_ classes: Int, _ samples: Int, spread: Double) -> [[Double]] {
    let random = Philox(seed: 5, purpose: .test)
    // Rounded to Float, so that both precisions see the same numbers.
    return (0..<classes).map { k in
        (0..<samples).map { Double(Float(spread * random.normal(at: UInt64(k * samples + $0)))) }
    }
}

/// Largest difference relative to the largest number; infinite where one is NaN.
private func relativeError(_ a: [[Double]], _ b: [[Double]]) -> Double {
    let differences = zip(a, b).flatMap { zip($0, $1).map { abs($0 - $1) } }
    guard differences.allSatisfy(\.isFinite) else { return .infinity }
    let difference = differences.max() ?? 0
    let size = b.flatMap { $0 }.map(abs).max() ?? 0
    return size > 0 ? difference / size : difference
}

@Suite struct LossTests {
    @Test(
        arguments: ClassificationLoss.allCases,
        [(1, 5), (2, 1), (4, 40), (10, 127), (10, 128), (10, 129), (26, 300), (100, 257)])
    func agreesWithTheNaiveTwin(_ loss: ClassificationLoss, _ shape: (classes: Int, samples: Int)) {
        let logits = randomLogits(shape.classes, shape.samples, spread: 4)
        let labels = (0..<shape.samples).map { Int32(($0 * 7) % shape.classes) }
        let scale = 0.25
        let naive = naiveLoss(loss, logits: logits, labels: labels, scale: scale)
        let double = evaluated(loss, as: Double.self, logits: logits, labels: labels, scale: scale, padding: 3)
        #expect(abs(double.value - naive.value) <= 2e-15 * naive.value)
        #expect(relativeError(double.gradient, naive.gradient) < 2e-15)
        let single = evaluated(loss, as: Float.self, logits: logits, labels: labels, scale: scale, padding: 3)
        #expect(abs(single.value - naive.value) <= 1e-6 * naive.value)
        #expect(relativeError(single.gradient, naive.gradient) < 2e-6)
    }

    /// Gradients are those of the values, in Float64 by central differences.
    @Test(
        arguments: ClassificationLoss.allCases + [
            .labelSmoothing(0), .labelSmoothing(0.7), .focal(gamma: 0), .focal(gamma: 1), .focal(gamma: 3.3),
            .focal(gamma: 70), .rescaledSquaredError(kappa: 5, target: 15),
        ])
    func gradientsMatchCentralDifferences(_ loss: ClassificationLoss) {
        let (classes, samples, step) = (6, 9, 1e-5)
        var logits = randomLogits(classes, samples, spread: 2)
        let labels = (0..<samples).map { Int32($0 % classes) }
        func value() -> Double {
            evaluated(loss, as: Double.self, logits: logits, labels: labels, scale: 1).value
        }
        let gradient = evaluated(loss, as: Double.self, logits: logits, labels: labels, scale: 1).gradient
        let largest = gradient.joined().map(abs).max()!
        for k in 0..<classes {
            for i in 0..<samples {
                let kept = logits[k][i]
                logits[k][i] = kept + step
                let above = value()
                logits[k][i] = kept - step
                let below = value()
                logits[k][i] = kept
                #expect(abs((above - below) / (2 * step) - gradient[k][i]) < 1e-6 * largest)
            }
        }
    }

    /// With nothing to smooth, focus or rescale they are cross-entropy and squared error to the last bit.
    @Test(arguments: [
        (ClassificationLoss.labelSmoothing(0), ClassificationLoss.crossEntropy), (.focal(gamma: 0), .crossEntropy),
        (.rescaledSquaredError(kappa: 1, target: 1), .meanSquaredError),
    ])
    func limitsAreThePlainLosses(_ loss: ClassificationLoss, _ plain: ClassificationLoss) {
        let logits = randomLogits(7, 300, spread: 3)
        let labels = (0..<300).map { Int32($0 % 7) }
        let (a, b) = (
            evaluated(loss, as: Float.self, logits: logits, labels: labels, scale: 0.5),
            evaluated(plain, as: Float.self, logits: logits, labels: labels, scale: 0.5)
        )
        #expect(a.value == b.value)
        #expect(a.gradient == b.gradient)
    }

    /// Where cross-entropy is L ≪ 1, the focal loss is L^{γ+1} to first order and its gradient (γ + 1) L^γ of the
    /// other's: down to numbers that 1 − p would have rounded away.
    @Test(arguments: [1.0, 5, 20, 36, 100, 150], [0.5, 1, 2, 3.3])
    func tinyFocalLossKeepsItsRelativeAccuracy(_ gap: Double, _ gamma: Double) {
        let logits = (0..<10).map { [$0 == 3 ? gap : 0.25 * Double($0 % 2)] }
        let loss = ClassificationLoss.focal(gamma: gamma)
        let naive = naiveLoss(loss, logits: logits, labels: [3], scale: 1)
        let ours = evaluated(loss, as: Double.self, logits: logits, labels: [3], scale: 1)
        // e^{γ log q} has the error of its argument.
        let tolerance = 1e-15 * (4 + 2 * gap)
        #expect(naive.value > 0)
        #expect(abs(ours.value - naive.value) <= tolerance * naive.value)
        for k in 0..<10 {
            #expect(abs(ours.gradient[k][0] - naive.gradient[k][0]) <= tolerance * abs(naive.gradient[k][0]))
        }
    }

    /// Half of 5·3² + 1² + 2²: Hui and Belkin's loss is twice ours.
    @Test func rescaledSquaredErrorByHand() {
        let ours = evaluated(
            .rescaledSquaredError(kappa: 5, target: 15), as: Double.self, logits: [[12], [1], [-2]], labels: [0],
            scale: 1)
        #expect(ours.value == 25)
        #expect(ours.gradient == [[-15], [1], [-2]])
    }

    /// Every gap between the label's logit and the others, where 1 + Σ or 1 − p would have rounded the loss away.
    @Test(arguments: [1.0, 5, 9.2, 20, 36, 40, 100, 300, 700])
    func tinyCrossEntropyKeepsItsRelativeAccuracy(_ gap: Double) {
        let logits = (0..<10).map { [$0 == 3 ? gap : 0.25 * Double($0 % 2)] }
        let naive = naiveLoss(.crossEntropy, logits: logits, labels: [3], scale: 1)
        let ours = evaluated(.crossEntropy, as: Double.self, logits: logits, labels: [3], scale: 1)
        #expect(abs(ours.value - naive.value) <= 1e-15 * naive.value)
        #expect(naive.value > 0)
        // The gradient of the label's logit, −(1 − p), to its own relative accuracy.
        #expect(abs(ours.gradient[3][0] - naive.gradient[3][0]) <= 2e-15 * abs(naive.gradient[3][0]))
    }

    /// f = 1e-4 in total, over many samples: theory is checked against sums like this one.
    @Test func smallMeanLossIsRightToTheLastDigits() {
        let (classes, samples) = (10, 1000)
        let gap = log(Double(classes - 1) / expm1(1e-4))
        let logits = (0..<classes).map { k in (0..<samples).map { $0 % classes == k ? gap : 0 } }
        let labels = (0..<samples).map { Int32($0 % classes) }
        let ours = evaluated(.crossEntropy, as: Double.self, logits: logits, labels: labels, scale: 1e-3)
        #expect(abs(ours.value / log1p(9 * exp(-gap)) - 1) < 1e-15)
    }

    @Test(arguments: ClassificationLoss.allCases, [1e4, -1e4, 3e4])
    func extremeLogitsStayFinite(_ loss: ClassificationLoss, _ size: Double) {
        // The label first with the largest logit, then with the smallest.
        let logits = [[size, 0, size], [0, size, size], [-size, -size, size]]
        for label in [Int32(0), 2] {
            let labels = [Int32](repeating: label, count: 3)
            let naive = naiveLoss(loss, logits: logits, labels: labels, scale: 1)
            let double = evaluated(loss, as: Double.self, logits: logits, labels: labels, scale: 1)
            let single = evaluated(loss, as: Float.self, logits: logits, labels: labels, scale: 1)
            #expect(naive.value.isFinite)
            #expect(abs(double.value - naive.value) <= 1e-14 * max(naive.value, 1))
            #expect(abs(single.value - naive.value) <= 1e-6 * max(naive.value, 1))
            #expect(relativeError(double.gradient, naive.gradient) < 1e-15)
            #expect(relativeError(single.gradient, naive.gradient) < 1e-6)
        }
    }

    @Test(arguments: ClassificationLoss.allCases)
    func nonFiniteLogitsShow(_ loss: ClassificationLoss) {
        for bad in [Double.nan, .infinity] {
            for position in 0..<3 {
                var logits = [[0.5], [1], [2]]
                logits[position][0] = bad
                for label in 0..<3 {
                    let value = evaluated(loss, as: Double.self, logits: logits, labels: [Int32(label)], scale: 1).value
                    let single = evaluated(loss, as: Float.self, logits: logits, labels: [Int32(label)], scale: 1).value
                    #expect(!value.isFinite)
                    #expect(!single.isFinite)
                }
            }
        }
    }

    @Test func noSamplesNoLoss() {
        let ours = evaluated(.crossEntropy, as: Float.self, logits: [[], []], labels: [], scale: 1)
        #expect(ours.value == 0)
    }
}
