import Testing

@testable import Learning

@Suite struct ScheduleTests {
    private func rates(_ text: String, base: Double = 0.5, stepsPerEpoch: Int = 3, epochs: Int) throws -> [Double] {
        let schedule = try LearningRateSchedule(parsing: text)
        return (0..<epochs * stepsPerEpoch).map {
            schedule.rate(base: base, step: $0, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
        }
    }

    @Test func constantAndStepChangeBetweenEpochsOnly() throws {
        #expect(try rates("constant", base: 0.3, epochs: 1000).allSatisfy { $0 == 0.3 })
        #expect(try LearningRateSchedule(parsing: "step(0.1, 60, 120)") == .step(factor: 0.1, epochs: [60, 120]))
        let step = try rates("step(0.1, 60, 120)", epochs: 130)
        #expect(step[..<180].allSatisfy { $0 == 0.5 })
        #expect(step[180..<360].allSatisfy { $0 == 0.5 * 0.1 })
        #expect(step[360...].allSatisfy { $0 == 0.5 * 0.1 * 0.1 })
    }

    @Test func cosineFallsFromTheBaseRateToItsEnd() throws {
        for (text, end) in [("cosine", 0.0), ("cosine(0.1)", 0.05)] {
            let rates = try rates(text, epochs: 40)
            #expect(rates[0] == 0.5)
            #expect(abs(rates[60] - (0.5 + end) / 2) < 1e-15)
            #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
            // One step before the end of the cosine, which is flat there.
            #expect(rates[119] > end && rates[119] < end + 1e-4)
            let schedule = try LearningRateSchedule(parsing: text)
            #expect(abs(schedule.rate(base: 0.5, step: 500, stepsPerEpoch: 3, epochs: 40) - end) < 1e-15)
        }
    }

    @Test func warmupRisesStepByStepToTheScheduleAfterIt() throws {
        let constant = try rates("warmup(2, constant)", epochs: 4)
        #expect(zip(constant, [1.0, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6]).allSatisfy { abs($0 - 0.5 * $1 / 6) < 1e-16 })
        let step = try rates("warmup(1, step(0.5, 2, 3))", epochs: 4)
        #expect(Array(step[2...]) == [0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125])
        // The cosine has the epochs that are left.
        let cosine = try rates("warmup(5, cosine(0.1))", epochs: 15)
        #expect(Array(cosine[15...]) == (try rates("cosine(0.1)", epochs: 10)))
        #expect(cosine[14] == 0.5)
        #expect(try LearningRateSchedule(parsing: "warmup(5, cosine)").warmupEpochs == 5)
        #expect(try LearningRateSchedule(parsing: "cosine").warmupEpochs == 0)
    }

    /// Nothing fails where a run is shorter than its warm-up.
    @Test func aRunInsideItsWarmup() throws {
        let rates = try rates("warmup(5, cosine)", epochs: 3)
        #expect(rates.allSatisfy { $0 > 0 && $0 < 0.5 })
        let after = try LearningRateSchedule(parsing: "warmup(5, cosine(0.5))")
            .rate(base: 1, step: 60, stepsPerEpoch: 3, epochs: 3)
        #expect(after == 0.5)
    }

    @Test(arguments: [
        "constant", "step(0.1, 60, 120)", "cosine", "cosine(0.001)", "warmup(5, cosine)", "warmup(1, step(0.5, 3))",
        "warmup(3, constant)", "warmup(10, cosine(0.25))",
    ])
    func schedulesRoundTrip(_ text: String) throws {
        let schedule = try LearningRateSchedule(parsing: text)
        #expect(schedule.description == text)
        // Sweep files take the white space out of words.
        #expect(try LearningRateSchedule(parsing: text.filter { !$0.isWhitespace }) == schedule)
    }

    @Test(arguments: [
        ("constnat", "known: constant, step(FACTOR, EPOCH, …), cosine, warmup(EPOCHS, SCHEDULE)"),
        ("constant(1)", "takes no arguments"), ("step", "at least one epoch"), ("step()", "at least one epoch"),
        ("step(0.1)", "at least one epoch"), ("step(0, 5)", "'0' is not a positive"), ("step(nan, 5)", "'nan'"),
        ("step(x, 5)", "'x'"), ("step(0.1, 60, 60)", "'60' is not a whole number above 60"), ("step(0.1, 0)", "'0'"),
        ("step(0.1, 2.5)", "'2.5'"), ("step(0.1, 60,)", "''"), ("step(0.1, 60", "closing parenthesis"),
        ("cosine()", "''"), ("cosine(0)", "write cosine, which ends at 0"), ("cosine(1)", "between 0 and 1"),
        ("cosine(-0.1)", "'-0.1'"), ("cosine(a)", "'a'"), ("cosine(nan)", "'nan'"), ("warmup", "warmup(5, cosine)"),
        ("warmup()", "warmup(5, constant)"), ("warmup(5)", "warmup(5, constant)"), ("warmup(0, cosine)", "'0'"),
        ("warmup(2.5, cosine)", "'2.5'"), ("warmup(5, )", "unknown learning-rate schedule ''"),
        ("warmup(5, sine)", "'sine'"), ("warmup(5, warmup(2, cosine))", "twice"),
        ("warmup(5, step(0.1, 5))", "epoch 5 is not after the warm-up of 5"), ("warmup(5, step(0.1))", "one epoch"),
        ("warmup(99999999999999999999, cosine)", "'99999999999999999999'"),
    ])
    func badSchedulesAreRefusedInOneLine(_ text: String, _ part: String) {
        let error = #expect(throws: SpecificationError.self) { try LearningRateSchedule(parsing: text) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }
}
