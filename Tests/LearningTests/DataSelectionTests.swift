import Testing

@testable import Learning

@Suite struct DataSelectionTests {
    private let training = randomData(samples: 400, width: 1, classes: 4)
    private let test = randomData(samples: 40, width: 1, classes: 4)

    private func select(_ selection: SampleSelection) throws -> TrainingSelection {
        try TrainingSelection(selection, training: training, test: test)
    }

    @Test func allSamplesAreTheDataSetItself() throws {
        let all = try select(SampleSelection())
        #expect(all.trainingSamples == Array(0..<400))
        #expect(all.testSamples == Array(0..<40))
        #expect(all.classCounts == [100, 100, 100, 100])
        #expect(all.training(training) === training)
        #expect(all.test(test) === test)
    }

    @Test func subsetsAreBalancedNestedAndRepeat() throws {
        let data = randomData(samples: 100, width: 1, classes: 4)
        let (small, large) = (try data.balancedSubset(samplesPerClass: 5), try data.balancedSubset(samplesPerClass: 9))
        #expect(small == small.sorted())
        #expect(Set(small).count == 20)
        #expect(Set(small).isSubset(of: large))
        for label in 0..<4 { #expect(small.filter { data.labels[$0] == label }.count == 5) }
        #expect(try data.balancedSubset(samplesPerClass: 5) == small)
        #expect(small != Array(0..<20))
        // Stored results are of these samples.
        #expect(try data.balancedSubset(samplesPerClass: 2) == [22, 23, 27, 44, 53, 57, 68, 98])
        #expect(throws: DataError.tooFewSamples(ofClass: 0, found: 25, wanted: 26)) {
            try data.balancedSubset(samplesPerClass: 26)
        }
    }

    @Test func classesAreNumberedAnewAndKeepTheirSamples() throws {
        let whole = try select(SampleSelection(samplesPerClass: 10))
        let part = try select(SampleSelection(classes: ClassSubset(parsing: "only(1, 3)"), samplesPerClass: 10))
        #expect(part.classes == 2)
        #expect(part.trainingSamples == whole.trainingSamples.filter { training.labels[$0] % 2 == 1 })
        #expect(part.testSamples == (0..<40).filter { $0 % 2 == 1 })
        let (data, testData) = (part.training(training), part.test(test))
        #expect(data.classes == 2 && testData.classes == 2)
        #expect(data.values.baseAddress == training.values.baseAddress)
        for sample in part.trainingSamples { #expect(data.labels[sample] == (training.labels[sample] - 1) / 2) }
        for sample in part.testSamples { #expect(testData.labels[sample] == (test.labels[sample] - 1) / 2) }
        #expect(part.classCounts == [10, 10])
    }

    @Test func imbalanceKeepsTheFirstOfTheSameShuffle() throws {
        let balanced = try select(SampleSelection(samplesPerClass: 80))
        let step = try select(
            SampleSelection(samplesPerClass: 80, imbalance: .step(ratio: 10, fraction: 0.5)))
        #expect(step.classCounts == [80, 80, 8, 8])
        #expect(Set(step.trainingSamples).isSubset(of: balanced.trainingSamples))
        let tail = try select(SampleSelection(imbalance: .longTailed(ratio: 8)))
        #expect(tail.classCounts == [100, 50, 25, 13])
        #expect(
            Set(tail.trainingSamples.filter { training.labels[$0] == 1 })
                .isSuperset(
                    of: try select(SampleSelection(samplesPerClass: 50)).trainingSamples
                        .filter { training.labels[$0] == 1 }))
        #expect(Imbalance.longTailed(ratio: 100).counts(classes: 10, most: 5000).last == 50)
        #expect(throws: DataError.imbalanceTooStrong(ofClass: 1, largest: 2)) {
            try select(SampleSelection(samplesPerClass: 2, imbalance: .longTailed(ratio: 100)))
        }
    }

    @Test func noiseMovesThatShareToOtherClassesEvenly() throws {
        let noisy = try select(SampleSelection(labelNoise: 0.3, seed: 7))
        #expect(noisy.trainingSamples.count == 400)
        let labels = noisy.training(training).labels
        let wrong = (0..<400).filter { labels[$0] != training.labels[$0] }
        #expect(wrong.count == 120)
        for step in 1...3 {
            let moved = wrong.count { (labels[$0] - training.labels[$0] + 4) % 4 == step }
            #expect((20...60).contains(moved))
        }
        #expect(noisy.classCounts == labels.classCounts(4))
        // The test labels stay right; another seed, other labels; the same seed, the same.
        #expect(noisy.test(test) === test)
        #expect(try select(SampleSelection(labelNoise: 0.3, seed: 7)).training(training).labels == labels)
        #expect(try select(SampleSelection(labelNoise: 0.3, seed: 8)).training(training).labels != labels)
        // In a subset only what is selected counts.
        let part = try select(SampleSelection(classes: ClassSubset(parsing: "first(2)"), labelNoise: 0.5))
        let partLabels = part.training(training).labels
        #expect(part.trainingSamples.count { partLabels[$0] != training.labels[$0] } == 100)
        #expect(part.trainingSamples.allSatisfy { partLabels[$0] < 2 })
    }

    @Test func missingClasses() throws {
        func selection(_ training: [Int], _ test: [Int], _ text: String? = nil) throws -> [Int] {
            try SampleSelection(classes: text.map { try ClassSubset(parsing: $0) }).counts(
                training: training, test: test
            )
            .training
        }
        #expect(throws: DataError.emptyClass(1, .training)) { try selection([5, 0, 5], [1, 1, 1]) }
        #expect(throws: DataError.emptyClass(2, .test)) { try selection([5, 5, 5], [1, 1, 0]) }
        #expect(try selection([5, 0, 6], [1, 0, 1], "only(0,2)") == [5, 6])
        #expect(throws: DataError.noSuchClass(3, classes: 3)) { try selection([5, 5, 5], [1, 1, 1], "only(0,3)") }
        #expect(DataError.emptyClass(0, .training).description.contains("subtract 1"))
        #expect(DataError.noSuchClass(3, classes: 3).key == "classes")
    }

    @Test func wordsReadBack() throws {
        for text in ["none", "step(10,0.5)", "long_tailed(100)"] {
            #expect(try Imbalance(parsing: text).description == text)
        }
        #expect(try ClassSubset(parsing: "only(0, 3, 5-7)").classes == [0, 3, 5, 6, 7])
        for text in ["first(5)", "only(0,3,5-7)", "only(0,1,3,4)"] {
            #expect(try ClassSubset(parsing: text).description == text)
        }
    }

    @Test(arguments: [
        "", "steps(2,0.5)", "step", "step(10)", "step(0.5,0.5)", "step(10,2)", "long_tailed", "none(3)",
        "long_tailed(x)", "step(nan,0.5)",
    ])
    func imbalancesThatCannotBeRead(text: String) {
        let error = #expect(throws: SpecificationError.self) { try Imbalance(parsing: text) }
        #expect(error?.description.contains("long_tailed") == true)
    }

    @Test(arguments: [
        "", "first", "first(1)", "only()", "only(3)", "only(3,1)", "only(1,1)", "only(5-3)", "only(1,a)",
        "only(1-2-3)", "last(3)", "only(0,99999999999999999999)", "only(-1,2)",
    ])
    func classesThatCannotBeRead(text: String) {
        let error = #expect(throws: SpecificationError.self) { try ClassSubset(parsing: text) }
        #expect(error?.description.contains("first(5) or only(0,3,5-7)") == true)
    }
}

@Suite struct BatchOrderTests {
    @Test func ordersArePermutationsOfTheSeedAndTheEpochAlone() {
        let samples = (0..<50).map { 3 * $0 }
        var order = BatchOrder(samples: samples, seed: 4)
        func epoch(_ number: Int) -> [Int] {
            order.shuffle(epoch: number)
            return (0..<order.batches(ofSize: 16)).flatMap { order.batch($0, size: 16) }
        }
        let (first, second) = (epoch(0), epoch(1))
        #expect(first != second)
        #expect(first.sorted() == samples)
        #expect(epoch(0) == first)
        #expect(order.batches(ofSize: 16) == 4)
        #expect(order.batch(3, size: 16).count == 2)
        var other = BatchOrder(samples: samples, seed: 5)
        other.shuffle(epoch: 0)
        #expect(Array(other.batch(0, size: 50)) != first)
    }
}
