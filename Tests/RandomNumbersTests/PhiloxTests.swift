import Testing

@testable import RandomNumbers

@Suite struct PhiloxTests {
    /// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
    @Test func knownAnswers() {
        let zero = Philox.block(counter: (0, 0, 0, 0), key: (0, 0))
        #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        let ones = Philox.block(counter: (.max, .max, .max, .max), key: (.max, .max))
        #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        let pi = Philox.block(
            counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
        #expect(pi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func momentsOfTheNormalDistribution() {
        let random = Philox(seed: 7, purpose: .test)
        let values = (0..<200_000).map { random.normal(at: $0) }
        let mean = values.reduce(0, +) / 200_000
        let variance = values.reduce(0) { $0 + $1 * $1 } / 200_000
        // Five standard errors of each.
        #expect(abs(mean) < 5 / 200_000.0.squareRoot())
        #expect(abs(variance - 1) < 5 * (2 / 200_000.0).squareRoot())
    }

    @Test func purposesSeedsAndStreamsDiffer() {
        let base = Philox(seed: 1, purpose: .order)
        #expect(base.uniform(at: 0) == Philox(seed: 1, purpose: .order).uniform(at: 0))
        #expect(base.uniform(at: 0) != base.uniform(at: 1))
        #expect(base.uniform(at: 0) != base.uniform(at: 0, stream: 1))
        #expect(base.uniform(at: 0) != Philox(seed: 2, purpose: .order).uniform(at: 0))
        #expect(base.uniform(at: 0) != Philox(seed: 1, purpose: .subset).uniform(at: 0))
        #expect(
            Philox(seed: 1, purpose: .sweep("d")).uniform(at: 0) != Philox(seed: 1, purpose: .sweep("K")).uniform(at: 0)
        )
    }

    @Test func shuffleIsAPermutationAndUniform() {
        let random = Philox(seed: 3, purpose: .order)
        var counts = [Int](repeating: 0, count: 24)
        for epoch in 0..<24_000 {
            var items = [0, 1, 2, 3]
            random.shuffle(&items, stream: UInt32(epoch))
            #expect(items.sorted() == [0, 1, 2, 3])
            counts[items[0] * 6 + items[1] * 2 - (items[1] > items[0] ? 2 : 0) + (items[2] > items[3] ? 1 : 0)] += 1
        }
        // Each permutation: mean 1000, standard deviation 31.
        #expect(counts.allSatisfy { abs($0 - 1000) < 160 })
    }
}
