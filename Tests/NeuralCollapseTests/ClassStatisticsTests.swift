import LinearAlgebra
import Testing

@testable import NeuralCollapse

#if arch(x86_64)
    private typealias Extended = Float80
#else
    private typealias Extended = Double
#endif

@Suite struct ClassStatisticsTests {
    let features = randomFeatures(sizes: [40, 7, 23, 1, 29], dimension: 6, shift: 3, seed: 1)

    func expectEqual(_ a: ClassStatistics, _ b: ClassStatistics, relative: Double = 1e-12) {
        #expect(a.counts == b.counts)
        let scale = b.withinClassScatter.frobeniusNorm
        #expect((a.means - b.means).frobeniusNorm <= relative * b.means.frobeniusNorm)
        #expect((a.withinClassScatter - b.withinClassScatter).frobeniusNorm <= relative * scale)
        for (left, right) in zip(a.squaredDeviations, b.squaredDeviations) {
            #expect(isClose(left, right, relative: relative, absolute: relative * scale))
        }
    }

    @Test func agreesWithTheNaiveTwoPassTwin() {
        let (rows, labels) = (features.rows, features.labels)
        var means = Matrix(rows: 5, columns: 6)
        for k in 0..<5 {
            let members = labels.indices.filter { labels[$0] == Int32(k) }
            for j in 0..<6 { means[k, j] = members.reduce(0) { $0 + rows[$1, j] } / Double(members.count) }
        }
        var scatter = Matrix(rows: 6, columns: 6)
        var squares = [Double](repeating: 0, count: 5)
        for (sample, label) in labels.enumerated() {
            let deviation = (0..<6).map { rows[sample, $0] - means[Int(label), $0] }
            for i in 0..<6 {
                squares[Int(label)] += deviation[i] * deviation[i]
                for j in 0..<6 { scatter[i, j] += deviation[i] * deviation[j] }
            }
        }
        let statistics = features.statistics
        #expect(statistics.counts == [40, 7, 23, 1, 29])
        #expect((statistics.means - means).frobeniusNorm < 1e-12 * means.frobeniusNorm)
        #expect((statistics.withinClassScatter - scatter).frobeniusNorm < 1e-12 * scatter.frobeniusNorm)
        #expect(zip(statistics.squaredDeviations, squares).allSatisfy { isClose($0, $1, relative: 1e-12) })
    }

    @Test(arguments: [1, 2, 7, 33, 99])
    func anyCutIntoBatchesGivesTheSame(_ batch: Int) {
        var streamed = ClassStatistics(classes: 5, dimension: 6)
        for first in stride(from: 0, to: 100, by: batch) {
            let part = features[first..<min(first + batch, 100)]
            streamed.add(part.rows, labels: part.labels)
        }
        expectEqual(streamed, features.statistics)
    }

    /// More rows than one block of the kernel holds, in one batch and in small ones.
    @Test func blocksOfABatchLeaveNothingOut() {
        let many = randomFeatures(sizes: [700, 300, 601], dimension: 3, seed: 2)
        var streamed = ClassStatistics(classes: 3, dimension: 3)
        for first in stride(from: 0, to: 1601, by: 100) {
            let part = many[first..<min(first + 100, 1601)]
            streamed.add(part.rows, labels: part.labels)
        }
        expectEqual(streamed, many.statistics)
    }

    @Test(arguments: [[0, 100], [50, 100], [3, 10, 60, 100], [1, 2, 3, 4, 100]])
    func mergedPartsEqualTheWhole(_ ends: [Int]) {
        var merged = ClassStatistics(classes: 5, dimension: 6)
        var first = 0
        for end in ends {
            merged.merge(features[first..<end].statistics)
            first = end
        }
        expectEqual(merged, features.statistics)
    }

    @Test func mergingIsAssociativeUpToRounding() {
        let parts = [0..<20, 20..<55, 55..<100].map { features[$0].statistics }
        var left = parts[0]
        left.merge(parts[1])
        left.merge(parts[2])
        var tail = parts[1]
        tail.merge(parts[2])
        var right = parts[0]
        right.merge(tail)
        expectEqual(left, right)
    }

    /// 0.1 has no exact multiples: a mean of plain sums would be off in the last places and leave a scatter.
    @Test(arguments: [1, 10, 1000])
    func equalSamplesHaveTheirValueAsMeanAndNoScatter(_ batch: Int) {
        var statistics = ClassStatistics(classes: 3, dimension: 2)
        for first in stride(from: 0, to: 1000, by: batch) {
            statistics.add(
                Matrix(rows: batch, columns: 2, repeating: 0.1), labels: (first..<first + batch).map { Int32($0 % 3) })
        }
        #expect(statistics.counts == [334, 333, 333])
        #expect(statistics.means.elements.allSatisfy { $0 == 0.1 })
        #expect(statistics.withinClassScatter.elements.allSatisfy { $0 == 0 })
        #expect(statistics.squaredDeviations == [0, 0, 0])
        for weighting in Weighting.allCases { #expect(statistics.globalMean(weighting) == [0.1, 0.1]) }
    }

    @Test(arguments: 2...30, Weighting.allCases)
    func coincidingMeansHaveThemselvesAsGlobalMean(_ classes: Int, _ weighting: Weighting) {
        var statistics = ClassStatistics(classes: classes, dimension: 1)
        statistics.add(Matrix(rows: classes, columns: 1, repeating: 0.1), labels: (0..<classes).map { Int32($0) })
        #expect(statistics.globalMean(weighting) == [0.1])
    }

    @Test func serializationKeepsEveryBit() {
        let statistics = features.statistics
        let numbers = statistics.serialized
        #expect(numbers.count == ClassStatistics.serializedCount(classes: 5, dimension: 6))
        let copy = ClassStatistics(serialized: numbers)
        #expect(copy.serialized.map(\.bitPattern) == numbers.map(\.bitPattern))
        #expect(copy.withinClassScatter == statistics.withinClassScatter)
        let empty = ClassStatistics(classes: 2, dimension: 1)
        #expect(ClassStatistics(serialized: empty.serialized) == empty)
    }

    /// Means of 1000, deviations of 1e-6: a sum of squares would keep nothing of Σ_W. The twin computes in two passes
    /// in Float80 where there is one, whose 11 further bits make its own rounding invisible here.
    @Test(arguments: [4000, 100, 7])
    func collapsedFeaturesFarFromTheOriginKeepTheirScatter(_ batch: Int) throws {
        let (classes, dimension, samples) = (4, 8, 4000)
        let far = randomFeatures(
            sizes: Array(repeating: samples / classes, count: classes), dimension: dimension, spread: 1e-6,
            shift: 1000, seed: 3)
        var statistics = ClassStatistics(classes: classes, dimension: dimension)
        for first in stride(from: 0, to: samples, by: batch) {
            let part = far[first..<min(first + batch, samples)]
            statistics.add(part.rows, labels: part.labels)
        }
        let (twinFuzziness, twinRatio) = extendedPrecisionTwin(far)
        let measurement = CollapseMeasurement(of: statistics)
        let (fuzziness, ratio) = (try #require(measurement[.nc1Unscaled]), try #require(measurement[.nc1TraceRatio]))
        #expect(fuzziness > 1e-13 && fuzziness < 1e-11)
        #expect(isClose(fuzziness, twinFuzziness, relative: 1e-8, absolute: 0))
        #expect(isClose(ratio, twinRatio, relative: 1e-8, absolute: 0))
    }

    /// tr(Σ_W Σ_B⁺) and tr Σ_W/tr Σ_B: all sums in extended precision, the pseudo-inverse from the moments so obtained.
    private func extendedPrecisionTwin(_ features: Features) -> (fuzziness: Double, ratio: Double) {
        let (rows, d, classes) = (features.rows, features.rows.columns, features.classes)
        var means = [[Extended]](repeating: Array(repeating: 0, count: d), count: classes)
        var counts = [Extended](repeating: 0, count: classes)
        for (sample, label) in features.labels.enumerated() {
            counts[Int(label)] += 1
            for j in 0..<d { means[Int(label)][j] += Extended(rows[sample, j]) }
        }
        for k in 0..<classes { for j in 0..<d { means[k][j] /= counts[k] } }
        let center = (0..<d).map { j in means.reduce(Extended(0)) { $0 + $1[j] } / Extended(classes) }
        var within = [Extended](repeating: 0, count: d * d)
        for (sample, label) in features.labels.enumerated() {
            let deviation = (0..<d).map { Extended(rows[sample, $0]) - means[Int(label)][$0] }
            for i in 0..<d { for j in 0..<d { within[i * d + j] += deviation[i] * deviation[j] } }
        }
        let sigmaW = Matrix(rows: d, columns: d) { Double(within[$0 * d + $1] / Extended(rows.rows)) }
        let centred = Matrix(rows: classes, columns: d) { Double(means[$0][$1] - center[$1]) }
        let sigmaB = Matrix.product(centred, centred, transposeA: .yes, scale: 1 / Double(classes))
        let eigen = sigmaB.symmetricEigen()
        var fuzziness = 0.0
        for (i, value) in eigen.values.prefix(classes - 1).enumerated() {
            let image = sigmaW * Matrix(rows: d, columns: 1, elements: Array(eigen.vectors.row(i)))
            fuzziness += (0..<d).reduce(0) { $0 + eigen.vectors[i, $1] * image[$1, 0] } / value
        }
        return (fuzziness, sigmaW.trace / sigmaB.trace)
    }
}
