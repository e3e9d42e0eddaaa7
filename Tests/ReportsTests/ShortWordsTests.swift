import Sweeps
import Testing

@testable import Reports

/// Long words in narrow tables.
@Suite struct ShortWordsTests {
    private static let words = [
        "layers(conv(16,3),batch_norm,relu,global_pool)", "layers(conv(32,3),batch_norm,relu,flatten,dense(8),relu)",
        "mlp(512-512)",
    ]

    @Test func whatFitsStays() {
        let short = ShortWords.shortened(Self.words, to: 100)
        #expect(short.allSatisfy { $0.key == $0.value } && short.count == 3)
    }

    @Test func theMiddleGoes() {
        let short = ShortWords.shortened(Self.words, to: 20)
        #expect(short[Self.words[0]] == "layers(conv(1…_pool)")
        #expect(short[Self.words[1]] == "layers(conv(3…,relu)")
        #expect(short[Self.words[2]] == "mlp(512-512)")
    }

    @Test func differentWordsStayDifferent() {
        let twins = (0..<20).map {
            "layers(flatten,dense(64),relu,dense(\(100 + $0)),relu,dense(8),relu,dense(8),relu)"
        }
        // In two places that no window of 16 letters shows at once.
        let far = (0..<3).map { "layers(flatten,dense(\($0)),\(String(repeating: "relu,", count: 20))dense(1),relu)" }
        let farther = (0..<3).map { far[0].replacing("dense(1)", with: "dense(1),x\($0)") }
        for words in [twins, far + farther, twins + far + farther] {
            for limit in 16...110 {
                let short = ShortWords.shortened(words, to: limit)
                #expect(Set(short.values).count == Set(words).count, "\(limit): \(short)")
                #expect(short.values.allSatisfy { $0.count <= limit })
            }
        }
    }

    @Test func noMoreIsCutThanTheTableNeeds() {
        let rows: [[ParameterValue?]] = Self.words.map { [.text($0), .integer(10), nil] }
        let titles = ["architecture", "K", "x"]
        let widest = Self.words.map(\.count).max() ?? 0
        for width in 0...200 {
            let fitted = ShortWords.fitted(rows, titles: titles, width: width, others: 40)
            let column = fitted.compactMap { $0[0]?.description.count }.max() ?? 0
            // Both other keys take 3 columns.
            #expect(column == min(widest, max(16, width - 43)), "\(width)")
            #expect(fitted.allSatisfy { $0[1] == .integer(10) && $0[2] == nil })
        }
    }
}
