import RandomNumbers
import Testing

@testable import Sweeps

/// What a claim may say, and where what it says wrongly is told.
@Suite struct ClaimTests {
    static let file = minimal + "expect:\n"

    /// A claim of a file of `ufm` trials.
    static func claim(_ text: String) throws -> Claim {
        let file = try SweepFile.parse(Self.file + "  - '\(text.replacing("'", with: "''"))'\n", path: "s.yaml")
        return try #require(try file.claims(reporting: reports(of:)).first)
    }

    @Test func partsAreToldApart() throws {
        let plain = try Self.claim("gap <= 1e-8")
        #expect(plain.conditionText == "gap <= 1e-8" && plain.filterText == nil && plain.groupColumns == [])
        #expect(plain.isOfSingleTrials && !plain.hasAggregates && plain.names == ["gap"])
        let best = try Self.claim("min(gap) < 0 by K, d where  d >= K - 1 and stop == 'gradient'")
        #expect(best.conditionText == "min(gap) < 0")
        #expect(best.filterText == "d >= K - 1 and stop == 'gradient'" && best.groupColumns == ["K", "d"])
        #expect(!best.isOfSingleTrials && best.hasAggregates && best.names == ["gap"])
        // Each trial is held against its group.
        let near = try Self.claim("objective <= min( objective ) + 1e-9 where K > 3 by d")
        #expect(near.isOfSingleTrials && near.hasAggregates && near.names == ["objective"])
        let slope = try Self.claim("slope(log(nc1) + 1, layer, test) < -0.1 where defined(slope(nc1, step))")
        #expect(slope.names == ["slope(log(nc1) + 1, layer, test)"])
        #expect(slope.conditionSlopes.map(\.split) == ["test"] && slope.conditionSlopes[0].metrics == ["nc1"])
        #expect(slope.filterSlopes.map(\.text) == ["slope(nc1, step)"] && slope.filterSlopes[0].axis == .step)
        // Two and more are compared within a trial, one over trials.
        #expect(try !Self.claim("max(gap, nc1) < 1").hasAggregates)
        #expect(try Self.claim("max(max(gap, nc1)) < 1").hasAggregates)
    }

    /// The lines under `expect:`, then what is told, of which the file has the first 6 lines.
    static let mistaken: [(String, [String])] = [
        ("  - gapp <= 1e-8", ["7:5: expect: unknown name 'gapp'; did you mean 'gap'?"]),
        ("  - gap <= 1e-8 where k > 3", ["7:23: expect: unknown name 'k'; did you mean 'K'?"]),
        ("  - max(gap) < 1 by K, dd", ["7:24: expect: unknown name 'dd'; did you mean 'd'?"]),
        ("  - \"gapp < 1\"", ["7:6: expect: unknown name 'gapp'; did you mean 'gap'?"]),
        (
            "  - stop == step",
            ["7:13: expect: 'stop' is never 'step'; did you mean 'steps'?"]
        ),
        (
            "  - count(stop == \"grad\") == 0",
            ["7:19: expect: 'stop' is never 'grad'; there are gradient, steps"]
        ),
        ("  - stop > 1", ["7:10: expect: a number is compared with a word; compare like with like"]),
        (
            "  - max(stop) < 1",
            ["7:9: expect: 'stop' is a word and cannot be computed with; compare it with '=='"]
        ),
        ("  - gap", ["7:5: expect: a value alone is no condition; compare it, as in 'd > 4'"]),
        (
            "  - max(gap) where K > 4 < 1e-6",
            [
                "7:14: expect: the comparison is missing before 'where'; write it as in 'max(gap) < 1e-6 where K > 4'"
            ]
        ),
        (
            "  - gap < 1 wher K > 4",
            [
                "7:13: expect: unexpected 'wher' after the claim; 'and' and 'or' join conditions, 'where' and 'by' may "
                    + "follow, once each"
            ]
        ),
        (
            "  - max(gap) < 1 by K by d",
            [
                "7:23: expect: unexpected 'by' after the claim; 'and' and 'or' join conditions, 'where' and 'by' may "
                    + "follow, once each"
            ]
        ),
        (
            "  - gap < 1 by K",
            ["7:16: expect: 'by' forms groups for aggregates, and there is none; write it as in 'min(gap) < 0 by K'"]
        ),
        (
            "  - max(gap) < 1 by 4",
            ["7:21: expect: unexpected 4 where a column should be; write 'by' as in 'min(gap) < 0 by K, d'"]
        ),
        (
            "  - 1 < 2",
            ["7:5: expect: the claim names no column, so no result could fail it; claim something of one"]
        ),
        (
            "  - gap < 1 where max(gap) < 1",
            ["7:19: expect: max is of many trials, and 'where' selects them one by one; move it"]
        ),
        (
            "  - max(1 + mean(gap)) < 1",
            ["7:13: expect: an aggregate stands within another; take them apart"]
        ),
        ("  - count(gap) == 0", ["7:11: expect: a value alone is no condition; compare it, as in 'd > 4'"]),
        ("  - count() == 0", ["7:5: expect: count takes one condition, as in 'count(gap > 1e-8)'"]),
        ("  - mean(gap, nc1) == 0", ["7:5: expect: mean takes one argument"]),
        ("  - maen(gap) == 0", ["7:5: expect: there is no function 'maen'; did you mean 'mean'?"]),
        ("  - slope(log(nc), layer) < 0", ["7:15: expect: there is no metric 'nc'; did you mean 'nc1'?"]),
        (
            "  - slope(gap, layer) < 0",
            ["7:11: expect: 'gap' is of the whole model, not of its layers; take its slope over step"]
        ),
        ("  - slope(gap, lambda) < 0", ["7:16: expect: the axis of a slope is one of layer, step, epoch"]),
        ("  - slope(gap, epoch) < 0", ["7:16: expect: no trial of this file counts epochs; write 'step'"]),
        ("  - slope(gap, step, tests) < 0", ["7:22: expect: the samples of a slope is one of train, test"]),
        ("  - slope(gap) < 0", ["7:14: expect: unexpected ')' in slope; write it as in 'slope(log(nc1), layer)'"]),
        ("  - slope(3, step) < 0", ["7:5: expect: the slope is of a constant; name a metric, such as nc1"]),
        ("  - slope('gap', step) < 0", ["7:11: expect: 'gap' is a word, and a slope is of metrics"]),
        ("  - slope(max(gap), step) < 0", ["7:11: expect: max is of many trials, and a slope of one; take them apart"]),
        (
            "  - slope(slope(gap, step), step) < 0",
            ["7:11: expect: a slope stands within another; take them apart"]
        ),
        ("  - ''", ["7:6: expect: the claim is empty; write one such as 'gap <= 1e-8'"]),
        ("  -", ["7:4: 'expect' takes claims such as 'gap <= 1e-8'; quote one that holds ': ' or ' #'"]),
        ("  - gap: 1", ["7:5: 'expect' takes claims such as 'gap <= 1e-8'; quote one that holds ': ' or ' #'"]),
        ("  []", ["7:3: 'expect' is empty; write a claim such as 'gap <= 1e-8', or remove it"]),
        // All of them at once, with those of the rest of the file.
        (
            "  - gapp < 1\n  - nc < 1\nwhere: K > 100",
            [
                "7:5: expect: unknown name 'gapp'; did you mean 'gap'?",
                "8:5: expect: unknown name 'nc'; did you mean 'n'?",
                "9:8: where: no combination is left of 1 in 'block 1'; loosen the condition",
            ]
        ),
    ]

    @Test(arguments: mistaken) func mistakesAreToldBeforeTheRun(lines: String, expected: [String]) {
        #expect(mistakes(in: Self.file + lines + "\n") == expected.map { "s.yaml:" + $0 })
    }

    @Test func placesInTheFile() {
        #expect(mistakes(in: minimal + "expects: []\n")[0].hasSuffix("did you mean 'expect'?"))
        let block = "blocks:\n  - problem: ufm\n    K: 4\n    d: 8\n    n: 10\n    lambda: 1\n"
        #expect(mistakes(in: block + "expect: gap <= 1e-8\n") == [])
        #expect(
            mistakes(in: block + "    expect: gap <= 1e-8\n")
                == ["s.yaml:7:5: 'expect' belongs at the top of the file; move it there"])
        // In quotes that hide other signs the whole claim is the place.
        #expect(
            mistakes(in: Self.file + "  - \"\\x67app < 1\"\n")
                == ["s.yaml:7:5: expect: unknown name 'gapp'; did you mean 'gap'?"])
        // Columns of one problem, parameters of another.
        let both = block + "  - {problem: network, architecture: mlp(8), lambda: 1, epochs: 1}\nexpect:\n"
        #expect(mistakes(in: both + "  - gap < 1 where architecture == 'mlp(8)'\n  - slope(loss, epoch) < 0\n") == [])
        #expect(mistakes(in: both + "  - bias == decayed\n  - optimizer == sgd\n") == [])
        #expect(
            mistakes(in: minimal + "expect: epochs > 3\n")[0].hasPrefix("s.yaml:6:9: expect: unknown name 'epochs'; "))
    }

    @Test func namesOfListsStandForTheirWords() throws {
        let text = """
            architectures: {small: [flatten, dense(8), relu]}
            problem: network
            architecture: small
            lambda: 1
            epochs: 1
            expect:
              - nc1 < 1 where architecture == small
              - count(architecture == small) == 1
            """
        let claims = try SweepFile.parse(text, path: "s.yaml").claims(reporting: reports(of:))
        let word = ParameterValue.text("layers(flatten,dense(8),relu)")
        #expect(try claims[0].selects { _ in word })
        #expect(try claims[1].contributions { _ in word } == [1])
        #expect(claims.map(\.hasListNames) == [true, true])
        #expect(try !Self.claim("gap < 1").hasListNames)
    }

    @Test func claimsAreNoPartOfTrials() throws {
        #expect(try trials(minimal + "expect: gap <= 1e-8\n") == trials(minimal))
    }

    /// Whatever is written, it is told at a place within the claim, or it can be judged.
    @Test func mutatedClaims() throws {
        let seeds = [
            "gap <= 1e-8 where d >= K - 1", "max(abs(gap)) - min(gap) < 1e-6 where stop == 'steps' by K, d",
            "count(stop == steps or gap > 1) == 0", "slope(log(nc1), layer, test) < 0 and std(nc1) < median(nc1)",
            "objective in [min(objective), 3] where defined(slope(gap, step))",
        ]
        func tokens(_ text: String) -> [String] {
            text.matches(of: /[A-Za-z0-9_.]+|'[a-z]*'|[<>=]=|[^ ]/).map { String($0.0) }
        }
        let pool = seeds.flatMap(tokens)
        let random = Philox(seed: 2, purpose: .test)
        var judged = 0
        for round in 0..<8000 {
            var words = tokens(seeds[round % seeds.count])
            for edit in 0...(round % 3) {
                let index = UInt64(round * 4 + edit)
                let place = random.integer(below: words.count, at: index)
                let piece = pool[random.integer(below: pool.count, at: index, stream: 1)]
                switch random.integer(below: 3, at: index, stream: 2) {
                case 0: words.insert(piece, at: place)
                case 1: words[place] = piece
                default: words.remove(at: place)
                }
            }
            let text = words.joined(separator: " ")
            let claim: Claim
            let vocabulary = Vocabulary(ParameterSchema.named("ufm")!.vocabulary.names + reports(of: "ufm").columns)
            do { claim = try Claim(parsing: text, vocabulary, [reports(of: "ufm")]) } catch {
                #expect((0...text.count).contains(error.offset) && !error.message.isEmpty, "\(text): \(error)")
                continue
            }
            judged += 1
            var tally = ClaimTally<Int>(claim)
            let rows: [[String: ParameterValue]] = [
                ["K": .integer(4), "d": .integer(8), "gap": .real(0), "stop": .text("steps")], [:],
            ]
            for (number, row) in rows.enumerated() { try tally.gather(number, isDone: true) { row[$0] } }
            try tally.gathered()
            for (number, row) in rows.enumerated() { try tally.judge(number, isDone: true) { row[$0] } }
            #expect(tally.failures <= tally.trials)
        }
        #expect((100..<6000).contains(judged))
    }
}
