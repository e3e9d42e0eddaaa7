import Learning
import LinearAlgebra
import NeuralCollapse

@testable import UnconstrainedFeatures

/// The naive twin: the objective as its definition reads, in plain loops over any kind of number.
struct NaiveObjective<Number: NaiveNumber> {
    let model: UnconstrainedFeatureModel
    /// Variables in the order of the layout.
    let layout: ParameterLayout

    private struct Point {
        var classifier: [[Number]]
        var hidden: [[[Number]]]
        /// Of each sample.
        var features: [[Number]]
        var bias: [Number]
    }

    func value(_ variables: [Number]) -> Number {
        let point = matrices(variables)
        let labels = model.samples.labels(classes: model.classes)
        // Of the samples' own features, which under norm balls are the variables times a factor.
        var features = point.features
        if case .normBalls = model.regularization, case .classSizes(let sizes) = model.samples {
            for (sample, set) in labels.enumerated() {
                let share = Double(model.classes * sizes[set[0]]) / Double(labels.count)
                features[sample] = features[sample].map { Number(share.squareRoot()) * $0 }
            }
        }
        let losses =
            model.loss == .supervisedContrastive
            ? contrastiveLosses(features, labels)
            : zip(features, labels).map { loss(logits(of: $0, point), $1) }
        return sum(losses) * Number(1 / Double(labels.count)) + penalty(point)
    }

    private func matrices(_ variables: [Number]) -> Point {
        func rows(_ name: String) -> [[Number]]? {
            guard let slice = layout.slices.first(where: { $0.name == name }) else { return nil }
            let columns = slice.shape.count > 1 ? slice.shape[1] : 1
            return (0..<slice.shape[0]).map { row in
                (0..<columns).map { variables[slice.offset + row * columns + $0] }
            }
        }
        let features = rows("features")!
        var classifier = rows("classifier.weight") ?? []
        if case .fixedETF(let norm) = model.classifier {
            let frame = SimplexETF(classes: model.classes, dimension: model.classifierWidth)
            classifier = (0..<model.classes).map { frame.vectors.row($0).map { Number(norm * $0) } }
        }
        return Point(
            classifier: classifier,
            hidden: (0..<model.depth - 1).map { rows("hidden.\($0 + 1).weight")! },
            features: features[0].indices.map { sample in features.map { $0[sample] } },
            bias: (rows("classifier.bias") ?? []).map { $0[0] })
    }

    private func logits(of feature: [Number], _ point: Point) -> [Number] {
        var activation = feature
        for weights in point.hidden {
            activation = weights.map { dot($0, activation) }
            if model.hidden!.activation == .relu { activation = activation.map(\.rectified) }
        }
        var scale = Number(1)
        if case .spheres(let temperature) = model.regularization { scale = Number(temperature) }
        return point.classifier.enumerated().map { k, row in
            let product = scale * dot(row, activation)
            return point.bias.isEmpty ? product : product + point.bias[k]
        }
    }

    private func loss(_ z: [Number], _ labels: [Int]) -> Number {
        let logSum = sum(z.map(\.exponential)).logarithm
        guard case .classification(let loss) = model.loss else { return sum(labels.map { logSum - z[$0] }) }
        let y = labels[0]
        switch loss {
        case .crossEntropy: return logSum - z[y]
        case .labelSmoothing(let amount):
            let share = amount / Double(z.count)
            return sum(z.indices.map { Number(($0 == y ? 1 - amount : 0) + share) * (logSum - z[$0]) })
        case .focal(let gamma):
            // 1 − p as a sum, so that nothing cancels.
            let wrong = sum(z.indices.filter { $0 != y }.map { (z[$0] - logSum).exponential })
            return wrong.power(gamma) * (logSum - z[y])
        case .meanSquaredError:
            return Number(0.5) * sum(z.indices.map { square(z[$0] - Number($0 == y ? 1 : 0)) })
        case .rescaledSquaredError(let kappa, let target):
            return Number(0.5)
                * sum(z.indices.map { $0 == y ? Number(kappa) * square(z[$0] - Number(target)) : square(z[$0]) })
        }
    }

    private func contrastiveLosses(_ features: [[Number]], _ labels: [[Int]]) -> [Number] {
        guard case .spheres(let temperature) = model.regularization else { preconditionFailure("no temperature") }
        return features.indices.map { i in
            let similarities = features.map { Number(1 / temperature) * dot(features[i], $0) }
            let others = features.indices.filter { $0 != i }
            let positives = others.filter { labels[$0] == labels[i] }
            let logSum = sum(others.map { similarities[$0].exponential }).logarithm
            return Number(1 / Double(positives.count)) * sum(positives.map { logSum - similarities[$0] })
        }
    }

    private func penalty(_ point: Point) -> Number {
        func half(_ decay: Double, _ numbers: [Number]) -> Number { Number(decay / 2) * sum(numbers.map(square)) }
        var penalty = Number(0)
        if case .decay(let classifier, let features) = model.regularization {
            if model.classifier == .learned { penalty = penalty + half(classifier, point.classifier.flatMap { $0 }) }
            for weights in point.hidden { penalty = penalty + half(classifier, weights.flatMap { $0 }) }
            penalty = penalty + half(features, point.features.flatMap { $0 })
        }
        if case .decayed(let decay) = model.bias { penalty = penalty + half(decay, point.bias) }
        return penalty
    }

    private func sum(_ numbers: [Number]) -> Number { numbers.reduce(Number(0)) { $0 + $1 } }
    private func dot(_ a: [Number], _ b: [Number]) -> Number { sum(zip(a, b).map { $0 * $1 }) }
    private func square(_ a: Number) -> Number { a * a }
}

extension NaiveObjective where Number == HyperDual {
    /// Gradient and dense Hessian at a point, exact to rounding.
    func derivatives(at point: [Double]) -> (gradient: [Double], hessian: Matrix) {
        var gradient = point
        var hessian = Matrix(rows: point.count, columns: point.count)
        for i in point.indices {
            for j in 0...i {
                let variables = point.indices.map {
                    HyperDual(point[$0], first: $0 == i ? 1 : 0, second: $0 == j ? 1 : 0)
                }
                let result = value(variables)
                gradient[i] = result.first
                hessian[i, j] = result.both
                hessian[j, i] = result.both
            }
        }
        return (gradient, hessian)
    }
}
