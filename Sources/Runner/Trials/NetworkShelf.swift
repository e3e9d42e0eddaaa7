import Learning
import Sweeps

/// Networks that trials of a sweep have in common, for planning: built, and their memory laid out, once for all seeds,
/// decays and learning rates.
///
/// Not for running: what follows from the seed, the rotation of a fixed classifier, is that of the first trial.
final class NetworkShelf {
    /// A network and the memory its passes need.
    final class Entry {
        let network: Network
        private var trainingCounts: [Int: Int] = [:]
        private lazy var measuringCount = NetworkPass<Float>.memoryCount(
            network, capacity: CollapseProbe<Float>.chunk(network, samples: 1000), trains: false)

        init(_ network: Network) { self.network = network }

        /// Numbers held by a training pass of so many samples and by one that measures.
        func activationCount(largestShard: Int) -> Int {
            if let known = trainingCounts[largestShard] { return known + measuringCount }
            let count = NetworkPass<Float>.memoryCount(network, capacity: largestShard, trains: true)
            trainingCounts[largestShard] = count
            return count + measuringCount
        }
    }

    /// All that shapes a network.
    private struct Key: Hashable {
        let input: [Int]
        let classes: Int
        let parameters: [ParameterValue?]

        init(_ trial: Trial, input: FeatureShape, classes: Int) {
            self.input = [input.height, input.width, input.channels]
            self.classes = classes
            parameters = ["architecture", "width", "feature_dimension", "head", "bias", "normalized"].map { trial[$0] }
        }
    }

    private var entries: [Key: Entry] = [:]

    func entry(_ trial: Trial, input: FeatureShape, classes: Int) throws(ParameterProblem) -> Entry {
        let key = Key(trial, input: input, classes: classes)
        if let entry = entries[key] { return entry }
        let entry = Entry(try Network(trial, input: input, classes: classes))
        entries[key] = entry
        return entry
    }
}
