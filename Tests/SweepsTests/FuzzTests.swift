import RandomNumbers
import Testing

@testable import Sweeps

@Suite struct FuzzTests {
    static let seedText = """
        name: quickstart
        description: "free text: with a colon"
        execution: {ranks: 1, retries: 0, checkpoint_interval: 10 min}
        blocks:
          - &base
            name: cross-entropy
            problem: ufm
            loss: cross_entropy
            n: 10
            grid:
              K: [4, 10]
              d: range(4, 65, 12)
            zip:
              lambda_W: [1e-3, 1e-4]
              lambda_H: [1e-4, 1e-3]
            random: {count: 3, seed: 7, steps: integers(4, 64), tolerance: loguniform(1e-3, 1), bias: choice(free, none)}
            seeds: 2
            where: d >= K - 1 and (lambda_W < 0.01 or K == 4)
          - <<: *base
            name: again
            where: ["d > 4", 'loss == cross_entropy']
          - problem: network
            architecture: mlp(512-512)
            grid: {lambda: logspace(1e-5, 1e-1, 3), schedule: [step(0.1, 60), constant]}
            epochs: 1
        expect:
          - gap <= 1e-8 where d >= K - 1
          - max(abs(gap)) - min(gap) < 1e-6 where loss == "mse" by K, d
          - 'count(stop == "steps") == 0 and slope(log(nc1), layer, test) < 0'
        """

    static let pieces: [String] = [
        "&", "*", "*base", "&base ", "<<: ", ": ", "- ", "[", "]", "{", "}", ",", "(", ")", "\"", "'", "#", "|", ">",
        "\t",
        "\n", "\r", "\0", "\u{FEFF}", "\u{E000}", "\u{E001}", "\u{301}", "é", "999999999999999999999", "-1", "1e999",
        "nan", "0", "---\n",
        "...\n", "? ", "!!int ", "%", "\\", "null", "~", "K", "range(0, 1000000000, 1)", "logspace(", "seeds",
        "where: ", "\u{2028}", " where ", " by ", "slope(", "count(", "defined(", "expect: ",
    ]

    @Test func mutatedFilesGiveAPlanOrPlacedMessages() throws {
        let random = Philox(seed: 1, purpose: .test)
        let letters = Array(Self.seedText)
        #expect(try plan(Self.seedText).trials.count > 10)
        var plans = 0
        for round in 0..<2000 {
            var text = letters
            for edit in 0..<(1 + round % 3) {
                let index = UInt64(round * 16 + edit)
                let place = random.integer(below: text.count, at: index)
                let length = min(random.integer(below: 8, at: index, stream: 1), text.count - place)
                let piece = Array(Self.pieces[random.integer(below: Self.pieces.count, at: index, stream: 2)])
                switch random.integer(below: 6, at: index, stream: 3) {
                case 0: text.removeSubrange(place..<(place + length))
                case 1: text.insert(contentsOf: piece, at: place)
                case 2: text.replaceSubrange(place..<(place + length), with: piece)
                case 3:
                    let digits = text.indices.filter { text[$0].isNumber }
                    if !digits.isEmpty { text[digits[place % digits.count]] = "123456789".letter(place) }
                case 4:
                    let lines = String(text).split(separator: "\n", omittingEmptySubsequences: false)
                    text = Array(
                        lines.enumerated().filter { $0.offset != place % lines.count }.map(\.element).joined(
                            separator: "\n"))
                default:
                    let other = random.integer(below: text.count, at: index, stream: 4)
                    text.insert(
                        contentsOf: text[min(place, other)..<min(max(place, other), min(place, other) + 80)], at: place)
                }
            }
            let found = mistakes(in: String(text), limit: 20_000)
            if found.isEmpty { plans += 1 }
            for message in found {
                let isPlaced = message.wholeMatch(of: /s\.yaml:[1-9][0-9]*:[1-9][0-9]*: .+/) != nil
                #expect(isPlaced, "\(message)\n\(String(text))")
            }
        }
        #expect((100..<1900).contains(plans))
    }

    @Test func aliasBombsEndAtOnce() {
        var text = "a: &a0 [x, x]\n"
        for level in 1..<64 { text += "b\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        let start = ContinuousClock.now
        let found = mistakes(in: text)
        #expect(found.count == 1 && found[0].contains("200000 values"))
        let keyed = mistakes(in: text + "? *a63\n: x\n{*a63}: y\n")
        #expect(!keyed.isEmpty)
        var merges = "a: &a0 {K: 1}\n"
        for level in 1..<64 { merges += "b\(level): &a\(level) {<<: [*a\(level - 1), *a\(level - 1)], c\(level): 1}\n" }
        #expect(!mistakes(in: merges).isEmpty)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func deepNestingIsAMessage() {
        #expect(mistakes(in: String(repeating: "[", count: 500_000)).count == 1)
        #expect(mistakes(in: String(repeating: "- ", count: 100_000)).count == 1)
        #expect(mistakes(in: "a: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)).count > 0)
    }
}

extension String {
    fileprivate func letter(_ number: Int) -> Character { Array(self)[number % count] }
}
