import ArrayFiles
import Foundation
import LinearAlgebra
import NeuralCollapse

/// What is wrong with a file of features, in one line.
struct FeatureFileError: Error, CustomStringConvertible {
    let description: String
}

/// Features and labels of one split, with what the file says of the classifier, checked against each other.
///
/// Arrays of an .npz file: `features` (N × …, flattened to N × d) and `labels` (N); where there is a classifier
/// `weight` (K × d) and `bias` (K); `test_features` and `test_labels` where test samples are to be measured too.
struct FeatureFile {
    /// Features in the precision they have in the file.
    enum Values {
        case single([Float])
        case double([Double])
    }

    struct Split {
        let values: Values
        let labels: [Int32]
    }

    let path: String
    let training: Split
    let test: Split?
    /// K.
    let classes: Int
    /// d.
    let dimension: Int
    let classifier: LinearClassifier?

    /// - Parameter layer: a hidden one, whose features are `LAYER.features` and which no classifier reads.
    init(path: String, layer: String? = nil) throws {
        let archive = try NPZArchive(path: path)
        let reader = FeatureReader(archive: archive, prefix: layer.map { "\($0)." } ?? "")
        let features = try archive.array(reader.features)
        dimension = try reader.dimension(of: features)
        let labels = try reader.labels("labels", count: features.shape[0], of: reader.features)
        let weight = try archive.array(ifPresent: "weight")
        classes = try reader.classes(labels, weight)
        try reader.requireEveryClass(labels, classes)
        training = Split(
            values: try reader.values(features, reader.features, dimension), labels: labels.map { Int32($0) })
        classifier = layer == nil ? try reader.classifier(weight, classes, dimension) : nil
        test = try reader.test(classes, dimension)
        self.path = path
    }
}

/// Reads arrays and says what is wrong with them.
private struct FeatureReader {
    let archive: NPZArchive
    /// Of the arrays of features.
    let prefix: String

    var features: String { prefix + "features" }
    private var testFeatures: String { prefix + "test_features" }

    func failure(_ array: String, _ text: String) -> FeatureFileError {
        FeatureFileError(description: "\(archive.path): array '\(array)': \(text)")
    }

    private func text(_ shape: [Int]) -> String {
        shape.isEmpty ? "a single number" : "shape " + shape.map(String.init).joined(separator: "×")
    }

    func dimension(of array: NumericArray) throws -> Int {
        guard array.shape.count >= 2, array.count > 0 else {
            throw failure(features, "\(text(array.shape)); samples × numbers expected, at least one of each")
        }
        let dimension = array.count / array.shape[0]
        // The scatter (d × d) and what its decomposition works in; LAPACK counts in 32 bits.
        let bytes = 40 * Double(dimension) * Double(dimension)
        guard dimension <= 30_000, bytes < Double(ProcessInfo.processInfo.physicalMemory) else {
            let need = NumberFormat.gibibytes(bytes)
            throw failure(
                features,
                "samples of \(dimension) numbers need \(need) for their covariance; pool or project them first")
        }
        return dimension
    }

    func labels(_ name: String, count: Int, of features: String) throws -> [Int] {
        let array = try archive.array(name)
        guard array.shape.count == 1 else {
            throw failure(name, "\(text(array.shape)); one class for each sample expected, as (N)")
        }
        guard array.count == count else {
            throw failure(
                name, "\(array.count) labels for \(count) samples of '\(features)'; save both of the same samples")
        }
        guard array.type != .bool, let labels = array.integers else {
            throw failure(name, "numbers of type \(array.type) that are no classes; save whole numbers from 0 on")
        }
        if let sample = labels.firstIndex(where: { $0 >= Int32.max }) {
            throw failure(name, "label \(labels[sample]) of sample \(sample) is no class; number the classes from 0 on")
        }
        if let sample = labels.firstIndex(where: { $0 < 0 }) {
            throw failure(name, "label \(labels[sample]) of sample \(sample) is negative; number the classes from 0 on")
        }
        return labels
    }

    func classes(_ labels: [Int], _ weight: NumericArray?) throws -> Int {
        let largest = labels.max() ?? 0
        if let weight {
            guard weight.shape.count == 2 else {
                throw failure("weight", "\(text(weight.shape)); classes × features expected")
            }
            guard largest < weight.shape[0] else {
                let sample = labels.firstIndex(of: largest) ?? 0
                throw failure(
                    "labels",
                    "sample \(sample) has label \(largest), but 'weight' has \(weight.shape[0]) rows, "
                        + "for classes 0 to \(weight.shape[0] - 1); save a row for each class, "
                        + "or number the classes from 0 on")
            }
        }
        let classes = weight?.shape[0] ?? largest + 1
        guard classes >= 2 else { throw failure("labels", "one class only; collapse is measured between two or more") }
        return classes
    }

    func requireEveryClass(_ labels: [Int], _ classes: Int) throws {
        // Checked before anything of K elements is made: a label of 10¹² would ask for as many.
        let present = Set(labels)
        guard let missing = (0..<classes).first(where: { !present.contains($0) }) else { return }
        throw failure(
            "labels",
            "class \(missing) of \(classes) has no samples; leave such classes out and number the others from 0 on")
    }

    func values(_ array: NumericArray, _ name: String, _ dimension: Int) throws -> FeatureFile.Values {
        let values: FeatureFile.Values
        switch array.type {
        // Float32 holds all of these exactly.
        case .bool, .int8, .uint8, .int16, .uint16, .float16, .bfloat16, .float32: values = .single(array.floats)
        case .int32, .uint32, .int64, .uint64, .float64: values = .double(array.doubles)
        }
        let culprit: (index: Int, value: Double)? =
            switch values {
            case .single(let numbers):
                numbers.withFeatureRows(columns: dimension) { $0.isFinite }
                    ? nil : numbers.firstIndex { !$0.isFinite }.map { ($0, Double(numbers[$0])) }
            case .double(let numbers):
                numbers.withFeatureRows(columns: dimension) { $0.isFinite }
                    ? nil : numbers.firstIndex { !$0.isFinite }.map { ($0, numbers[$0]) }
            }
        if let culprit {
            throw failure(
                name,
                "number \(culprit.index % dimension) of sample \(culprit.index / dimension) is \(culprit.value); "
                    + "leave out samples that are not finite")
        }
        if case .double(let numbers) = values, let largest = numbers.lazy.map(\.magnitude).max(), largest > 0,
            !(1e-140...1e140).contains(largest)
        {
            throw failure(
                name,
                "the largest number is \(largest), whose square no number holds; scale the features by a power of 10")
        }
        return values
    }

    func classifier(_ weight: NumericArray?, _ classes: Int, _ dimension: Int) throws -> LinearClassifier? {
        let bias = try archive.array(ifPresent: "bias")
        guard let weight else {
            if bias != nil { throw failure("bias", "there is no 'weight' it belongs to; save both, or none") }
            return nil
        }
        guard weight.shape[1] == dimension else {
            let hint =
                weight.shape == [dimension, classes] ? "; transpose it" : "; save the layer that reads the features"
            throw failure(
                "weight", "\(text(weight.shape)), but \(classes)×\(dimension) expected, classes × features\(hint)")
        }
        if let bias, bias.shape != [classes] {
            throw failure("bias", "\(text(bias.shape)), but \(classes) numbers expected, one for each class")
        }
        for (name, array) in [("weight", weight), ("bias", bias)] {
            guard let value = array?.doubles.first(where: { !$0.isFinite }) else { continue }
            throw failure(name, "it holds \(value); save a classifier that is finite")
        }
        return LinearClassifier(
            weights: Matrix(rows: classes, columns: dimension, elements: weight.doubles), bias: bias?.doubles)
    }

    func test(_ classes: Int, _ dimension: Int) throws -> FeatureFile.Split? {
        guard let array = try archive.array(ifPresent: testFeatures) else {
            if prefix.isEmpty, archive.names.contains("test_labels") {
                throw failure("test_labels", "there are no 'test_features' they belong to; save both, or none")
            }
            return nil
        }
        guard array.shape.count >= 2, array.count > 0, array.count / array.shape[0] == dimension else {
            throw failure(
                testFeatures, "\(text(array.shape)); samples of \(dimension) numbers expected, as in '\(features)'")
        }
        let labels = try labels("test_labels", count: array.shape[0], of: testFeatures)
        if let sample = labels.firstIndex(where: { $0 >= classes }) {
            throw failure(
                "test_labels",
                "sample \(sample) has label \(labels[sample]), but there are \(classes) classes (0 to \(classes - 1)); "
                    + "leave out samples of other classes")
        }
        return FeatureFile.Split(
            values: try values(array, testFeatures, dimension), labels: labels.map { Int32($0) })
    }
}

private enum NumberFormat {
    static func gibibytes(_ bytes: Double) -> String { String(format: "%.1f GiB", bytes / 0x1p30) }
}
