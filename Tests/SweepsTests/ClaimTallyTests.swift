import Testing

@testable import Sweeps

/// Claims judged over trials made by hand.
@Suite struct ClaimTallyTests {
    typealias Row = [String: ParameterValue]

    static func row(_ k: Int, _ seed: Int, gap: Double?, nc1: Double = 0.5, stop: String = "gradient") -> Row {
        var row: Row = ["K": .integer(k), "seed": .integer(seed), "nc1": .real(nc1), "stop": .text(stop)]
        row["state"] = .text("done")
        row["gap"] = gap.map(ParameterValue.real)
        return row
    }

    static let rows = [
        row(3, 0, gap: 1e-9, nc1: 1), row(3, 1, gap: 3e-9, nc1: 2), row(4, 0, gap: -2e-9, nc1: 4),
        row(4, 1, gap: 8e-9, nc1: 9, stop: "steps"),
    ]

    static func tally(_ text: String, _ rows: [Row] = rows) throws -> ClaimTally<Row> {
        var tally = ClaimTally<Row>(try ClaimTests.claim(text))
        func isDone(_ row: Row) -> Bool { row["state"] == .text("done") }
        for row in rows { try tally.gather(row, isDone: isDone(row)) { row[$0] } }
        try tally.gathered()
        for row in rows { try tally.judge(row, isDone: isDone(row)) { row[$0] } }
        return tally
    }

    @Test(arguments: [
        "gap < 1e-8", "abs(gap) > 0", "gap < 4e-9 where stop != 'steps'", "gap < 4e-9 where K == 3",
        "count(stop == 'steps') == 1", "count(gap < 0 or K == 3) == 3", "min(gap) == -2e-9", "max(gap) == 8e-9",
        "mean(nc1) == 4", "median(nc1) == 3", "median(nc1) == 2 where seed == 1 and nc1 < 3",
        // Deviations −3, −2, 0, 5 of the mean 4: 38/3.
        "abs(std(nc1) ^ 2 - 38 / 3) < 1e-12",
        "min(gap) < 0 by K where K == 4", "max(gap) <= 3e-9 by K, stop where stop == 'gradient'",
        "gap <= min(gap) + 2.5e-9 by K where K == 3", "nc1 - mean(nc1) in [-1.5, -0.5, 0.5, 2.5, -2.5] by K",
        "max(gap, nc1) == nc1", "max(max(gap, nc1)) == 9", "K in [3, 4]", "stop in ['gradient', 'steps']",
        "not (gap > 1)", "defined(gap)", "state == 'done'",
    ])
    func passes(text: String) throws {
        let tally = try Self.tally(text)
        #expect(tally.hasPassed && tally.trials > 0, "\(tally.failures) of \(tally.trials)")
    }

    @Test(arguments: [
        ("gap < 4e-9", 1, 4), ("gap < 4e-9 where K == 4", 1, 2), ("min(gap) < 0", 0, 4), ("min(gap) < 0 by K", 1, 4),
        ("count(stop == 'steps') == 0 by K", 1, 4), ("gap <= min(gap) + 2e-10 by K", 2, 4), ("nc1 > 4", 3, 4),
        ("stop == 'gradient'", 1, 4), ("nc1 != 4 and gap > 0", 1, 4), ("max(gap) < -1 by seed", 2, 4),
    ])
    func countsWhatFails(text: String, failures: Int, trials: Int) throws {
        let tally = try Self.tally(text)
        #expect(tally.failures == failures && tally.trials == trials && tally.unknown == 0)
        #expect(tally.hasPassed == (failures == 0))
    }

    @Test func aClaimOnNoTrialFails() throws {
        for text in ["gap < 1 where K == 99", "max(gap) < 1 where K == 99", "max(gap) < 1 by K where K == 99"] {
            let tally = try Self.tally(text)
            #expect(tally.trials == 0 && tally.failures == 0 && !tally.hasPassed)
        }
        #expect(try !Self.tally("gap < 1", []).hasPassed)
    }

    /// What is missing or NaN never passes, not through `not`, `or` or the laziness of a function either.
    @Test(
        arguments: [
            "gap < 1", "gap != 1", "not (gap > 1)", "not (gap in [1, 2])", "gap not in [1, 2]", "gap < 1 or gap >= 1",
            "min(gap, 1) <= 1", "max(gap, 1) >= 1", "gap ^ 0 == 1", "1 ^ gap == 1", "gap - gap == 0", "max(gap) < 1",
            "min(gap) < 1", "mean(gap) < 1", "median(gap) < 1", "count(gap > 1) == 0", "count(not (gap > 1)) > 0",
            "count(gap > 1 or K == 99) == 0", "min(gap) < 1 by K", "nc1 < 1e9 + min(gap)", "std(gap) < 1",
        ], [nil, Double.nan])
    func missingValuesFail(text: String, gap: Double?) throws {
        let tally = try Self.tally(text, Self.rows + [Self.row(3, 2, gap: gap)])
        #expect(!tally.hasPassed && tally.unknown > 0)
        #expect(tally.worst?.isUnknown == true && tally.worst?.missing == "gap")
    }

    @Test func whereLeavesOutWhatIsMissing() throws {
        let rows = Self.rows + [Self.row(5, 0, gap: nil)]
        #expect(try Self.tally("gap < 1e-8 where defined(gap)", rows).hasPassed)
        #expect(try Self.tally("max(gap) < 1e-8 by K where defined(gap)", rows).hasPassed)
        #expect(try Self.tally("min(gap) < 1e-8 by K", rows).failures == 1)
        // What is known to hold or to fail without the value is known.
        #expect(try Self.tally("K > 2 or gap < 1", rows).hasPassed)
        #expect(try Self.tally("K > 4 and gap < 1", rows).unknown == 1)
        #expect(try Self.tally("K < 5 and gap < 1", rows).unknown == 0)
    }

    @Test func trialsThatEndedBadlyHaveNoValue() throws {
        var bad = Self.row(5, 0, gap: 0)
        bad["state"] = .text("diverged")
        let rows = Self.rows + [bad]
        for text in ["gap < 1", "K > 2", "max(gap) < 1", "count(gap > 1) == 0", "gap <= max(gap)"] {
            let tally = try Self.tally(text, rows)
            #expect(tally.unknown > 0 && !tally.hasPassed, "\(text)")
            #expect(try Self.tally(text + " where state == done", rows).hasPassed, "\(text)")
        }
        #expect(try Self.tally("state == done", rows).failures == 1)
        #expect(try Self.tally("count(state != done) <= 1", rows).hasPassed)
    }

    @Test func theWorstIsTheFurthestOff() throws {
        #expect(try Self.tally("gap < 0").worst?.row?["gap"] == .real(8e-9))
        #expect(try Self.tally("gap > 0").worst?.row?["gap"] == .real(-2e-9))
        #expect(try Self.tally("abs(nc1 - 2) < 0.5").worst?.row?["nc1"] == .real(9))
        #expect(try Self.tally("nc1 == 3").worst?.row?["nc1"] == .real(9))
        #expect(try Self.tally("2 < nc1 < 8").worst?.row?["nc1"] == .real(1))
        let group = try #require(try Self.tally("mean(nc1) < 1 by K").worst)
        #expect(group.group == [.integer(4)] && group.subject == 6.5)
        #expect(try Self.tally("nc1 < 9").worst?.subject == 9)
        #expect(try ClaimTests.claim("0 <  abs( gap )+1 < 2").subjectText == "abs( gap )+1")
        #expect(try ClaimTests.claim("(gap < 1)").subjectText == nil)
        #expect(try ClaimTests.claim("gap < 1 and K > 1").subjectText == nil)
    }

    @Test func medianAndDeviationOfFew() throws {
        #expect(Expression.Aggregate.median.value(of: [5]) == 5)
        #expect(Expression.Aggregate.median.value(of: [5, 1, 3]) == 3)
        #expect(Expression.Aggregate.median.value(of: [5, 1, 3, 2]) == 2.5)
        #expect(Expression.Aggregate.std.value(of: [0.1, 0.1, 0.1]) == 0)
        // Nobody knows the deviation of one.
        #expect(Expression.Aggregate.std.value(of: [5]) == nil)
        #expect(try Self.tally("std(gap) < 1 by K, seed").unknown == 4)
    }

    @Test func slopes() throws {
        typealias Slope = Expression.Slope
        #expect(Slope.leastSquares([(0, 1), (1, 3), (2, 5)]) == 2)
        #expect(Slope.leastSquares([(0, 0.3), (1, 0.3), (5, 0.3)]) == 0)
        // Points (0, 0), (1, 1), (2, 0), (3, 3) by the normal equations: (4 · 10 − 6 · 4)/(4 · 14 − 36).
        #expect(abs((Slope.leastSquares([(0, 0), (1, 1), (2, 0), (3, 3)]) ?? 0) - 0.8) < 1e-15)
        #expect(Slope.leastSquares([]) == nil && Slope.leastSquares([(1, 1)]) == nil)
        #expect(Slope.leastSquares([(1, 1), (1, 2)]) == nil)
        #expect(Slope.leastSquares([(0, 1), (1, .nan), (2, 3)]) == nil)
        #expect(Slope.leastSquares([(0, 1), (1, -.infinity)]) == nil)
        let slope = try ClaimTests.claim("slope(log(nc1) * 2 + gap, step) < 0").conditionSlopes[0]
        #expect(slope.metrics == ["nc1", "gap"] && slope.ordinate([1, 3]) == 3 && slope.ordinate([-1, 3]).isNaN)
        // A slope is a column of its trial.
        var row = Self.rows[0]
        row["slope(nc1, step)"] = .real(-1)
        #expect(try Self.tally("slope(nc1, step) < 0", [row]).hasPassed)
        #expect(try Self.tally("max(slope(nc1, step)) < -2", [row]).failures == 1)
        #expect(try Self.tally("slope(nc1, step) < 0", Self.rows).unknown == 4)
    }
}
