import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The naive twin: one sample at a time, in Float64 with libm. Logits are [class][sample].
func naiveLoss(
    _ loss: ClassificationLoss, logits: [[Double]], labels: [Int32], scale: Double
) -> (value: Double, gradient: [[Double]]) {
    var gradient = logits
    // Summed with Neumaier's compensation, so that the twin's own error does not count.
    var (value, lost) = (0.0, 0.0)
    func add(_ term: Double) {
        let sum = value + term
        lost += abs(value) >= abs(term) ? (value - sum) + term : (term - sum) + value
        value = sum
    }
    for i in labels.indices {
        let z = logits.map { $0[i] }
        let y = Int(labels[i])
        switch loss {
        case .crossEntropy:
            let m = z.max()!
            let wrong = z.indices.filter { $0 != y }.reduce(0.0) { $0 + exp(z[$1] - m) }
            let sum = wrong + exp(z[y] - m)
            add(z[y] == m ? log1p(wrong) : log(sum) + m - z[y])
            for k in z.indices { gradient[k][i] = scale * (k == y ? -wrong / sum : exp(z[k] - m) / sum) }
        case .meanSquaredError:
            for k in z.indices {
                let difference = z[k] - (k == y ? 1 : 0)
                add(difference * difference / 2)
                gradient[k][i] = scale * difference
            }
        }
    }
    return (scale * (value + lost), gradient)
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

    @Test(arguments: [1e4, -1e4, 3e4])
    func extremeLogitsStayFinite(_ size: Double) {
        // The label first with the largest logit, then with the smallest.
        let logits = [[size, 0, size], [0, size, size], [-size, -size, size]]
        for label in [Int32(0), 2] {
            let labels = [Int32](repeating: label, count: 3)
            let naive = naiveLoss(.crossEntropy, logits: logits, labels: labels, scale: 1)
            let double = evaluated(.crossEntropy, as: Double.self, logits: logits, labels: labels, scale: 1)
            let single = evaluated(.crossEntropy, as: Float.self, logits: logits, labels: labels, scale: 1)
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
