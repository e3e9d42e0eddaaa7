import RandomNumbers

/// Which samples of a data set a trial uses, and under which labels.
public struct SampleSelection: Equatable, Sendable {
    /// nil for all.
    public var classes: ClassSubset?
    /// Training samples of each class, of the largest ones where they are not balanced; 0 for all there are.
    public var samplesPerClass: Int
    public var imbalance: Imbalance
    /// The share of training labels that are wrong, in 0..<1.
    public var labelNoise: Double
    /// Decides which labels are wrong.
    public var seed: UInt64

    public init(
        classes: ClassSubset? = nil, samplesPerClass: Int = 0, imbalance: Imbalance = .none, labelNoise: Double = 0,
        seed: UInt64 = 0
    ) {
        precondition(samplesPerClass >= 0, "negative number of samples")
        precondition(labelNoise >= 0 && labelNoise < 1, "label noise out of range")
        self.classes = classes
        self.samplesPerClass = samplesPerClass
        self.imbalance = imbalance
        self.labelNoise = labelNoise
        self.seed = seed
    }

    /// The classes, training samples and test samples of each, when there are as many as these two say: what can be
    /// known without choosing. Labels that are wrong are not counted as such.
    ///
    /// - Throws: where a class is missing or too small, here or in the test part.
    public func counts(
        training: [Int], test: [Int]
    ) throws(DataError) -> (classes: [Int], training: [Int], test: [Int]) {
        let labels = classes?.classes ?? Array(0..<training.count)
        if let missing = labels.first(where: { $0 >= training.count }) {
            throw .noSuchClass(missing, classes: training.count)
        }
        for label in labels {
            guard training[label] > 0 else { throw .emptyClass(label, .training) }
            guard test[label] > 0 else { throw .emptyClass(label, .test) }
        }
        let testCounts = labels.map { test[$0] }
        guard samplesPerClass > 0 || imbalance != .none else {
            return (labels, labels.map { training[$0] }, testCounts)
        }
        let most = samplesPerClass > 0 ? samplesPerClass : labels.map { training[$0] }.min() ?? 0
        let wanted = imbalance.counts(classes: labels.count, most: most)
        for (label, count) in zip(labels, wanted) {
            guard count > 0 else { throw .imbalanceTooStrong(ofClass: label, largest: most) }
            guard count <= training[label] else {
                throw .tooFewSamples(ofClass: label, found: training[label], wanted: count)
            }
        }
        return (labels, wanted, testCounts)
    }
}

/// The samples a trial trains on and is tested on: a `SampleSelection` carried out.
public struct TrainingSelection: Sendable {
    public let classes: Int
    /// Ascending positions in the data set.
    public let trainingSamples: [Int]
    public let testSamples: [Int]
    /// Training samples of each class, under the labels they have here.
    public let classCounts: [Int]
    /// For each sample of the data set, 0 for those that are not selected; nil where they are the data set's own.
    private let trainingLabels: [Int32]?
    private let testLabels: [Int32]?

    /// Of each class, the first of a shuffle with a fixed seed: so every trial with a number of samples sees the same,
    /// and a larger number only adds to them. A class keeps its samples whatever others are selected.
    public init(_ selection: SampleSelection, training: DataSet, test: DataSet) throws(DataError) {
        precondition(training.classes == test.classes, "test data of another data set")
        let counts = try selection.counts(training: training.classCounts, test: test.classCounts)
        classes = counts.classes.count
        var samples = Self.positions(of: counts.classes, in: training)
        if counts.training != samples.map(\.count) || selection.samplesPerClass > 0 {
            let random = Philox(seed: 0, purpose: .subset)
            for (index, label) in counts.classes.enumerated() {
                random.shuffle(&samples[index], stream: UInt32(label))
                samples[index].removeLast(samples[index].count - counts.training[index])
            }
        }
        let testMembers = Self.positions(of: counts.classes, in: test)
        trainingSamples = samples.joined().sorted()
        testSamples = testMembers.joined().sorted()
        var newLabels = selection.classes == nil ? nil : Self.labels(samples, of: training)
        testLabels = selection.classes == nil ? nil : Self.labels(testMembers, of: test)
        if selection.labelNoise > 0 {
            newLabels = Self.withNoise(
                selection.labelNoise, on: newLabels ?? training.labels, samples: trainingSamples, classes: classes,
                seed: selection.seed)
        }
        trainingLabels = newLabels
        let labels = newLabels ?? training.labels
        classCounts = trainingSamples.lazy.map { labels[$0] }.classCounts(classes)
        if let empty = classCounts.firstIndex(of: 0) { throw .emptyClass(empty, .training) }
    }

    /// The data set under the labels to train with.
    public func training(_ data: DataSet) -> DataSet {
        trainingLabels.map { data.relabelled($0, classes: classes) } ?? data
    }

    /// The data set under the labels to test with.
    public func test(_ data: DataSet) -> DataSet { testLabels.map { data.relabelled($0, classes: classes) } ?? data }

    /// The samples of each of these classes, ascending.
    private static func positions(of labels: [Int], in data: DataSet) -> [[Int]] {
        var index = [Int](repeating: -1, count: data.classes)
        for (position, label) in labels.enumerated() { index[label] = position }
        var members = [[Int]](repeating: [], count: labels.count)
        for (sample, label) in data.labels.enumerated() where index[Int(label)] >= 0 {
            members[index[Int(label)]].append(sample)
        }
        return members
    }

    private static func labels(_ members: [[Int]], of data: DataSet) -> [Int32] {
        var labels = [Int32](repeating: 0, count: data.samples)
        for (label, samples) in members.enumerated() {
            for sample in samples { labels[sample] = Int32(label) }
        }
        return labels
    }

    /// Moves that share of the labels, rounded to whole samples, each to one of the other classes with equal
    /// probability.
    private static func withNoise(
        _ share: Double, on labels: [Int32], samples: [Int], classes: Int, seed: UInt64
    ) -> [Int32] {
        guard classes > 1 else { return labels }
        let random = Philox(seed: seed, purpose: .labelNoise)
        var order = samples
        random.shuffle(&order)
        var labels = labels
        for sample in order.prefix(Int((share * Double(samples.count)).rounded())) {
            let step = 1 + random.integer(below: classes - 1, at: UInt64(sample), stream: 1)
            labels[sample] = Int32((Int(labels[sample]) + step) % classes)
        }
        return labels
    }
}

extension DataSet {
    /// `count` samples of every class, ascending, as `TrainingSelection` chooses them.
    public func balancedSubset(samplesPerClass count: Int) throws(DataError) -> [Int] {
        try TrainingSelection(SampleSelection(samplesPerClass: count), training: self, test: self).trainingSamples
    }
}
