import LinearAlgebra
import Testing

@testable import Learning

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Five steps of a small network against PyTorch 2.13 in float64; the values are bench/reference_mlp_torch.py's.
@Suite struct ReferenceTests {
    struct Reference: Sendable {
        let loss: ClassificationLoss
        /// Loss and decay at each step.
        let values: [Double]
        let norm: Double
        let sum: Double
        let everyTenth: [Double]
    }

    static let references = [
        Reference(
            loss: .crossEntropy,
            values: [
                1.3321020074602883, 1.2808106018223444, 1.2575605648713981, 1.2097181410728872, 1.171921555955072,
            ],
            norm: 3.578085183425152, sum: -0.18809339883659848,
            everyTenth: [
                0.41038586277045347, -0.46979637679935987, 0.38222314169242305, -0.14515727316181964,
                -0.08157726354251632, 0.3379468376275449, -0.4334035501470217, 0.5402496562050755,
                -0.30390414751195494, 0.09306637119977314, 0.19432243304860028,
            ]),
        Reference(
            loss: .meanSquaredError,
            values: [
                1.367002906469848, 0.9835340578577149, 0.7230220538053836, 0.5851062047272702, 0.5410845006747061,
            ],
            norm: 3.5327449168308327, sum: 0.8397251981259863,
            everyTenth: [
                0.4564844265122021, -0.5635149940781613, 0.38641553773475695, -0.14888921971853464,
                -0.10143751408648084, 0.34504641922669194, -0.3789440076734025, 0.4944070937135345,
                -0.3028794268399308, 0.1321152057225555, 0.23832413569535568,
            ]),
    ]

    @Test(arguments: references) func stepsAgreeWithPyTorch(_ reference: Reference) throws {
        let data = DataSet(
            pixels: (0..<12 * 8).map { UInt8((37 * $0 + 11) % 256) }, sampleShape: [8],
            labels: (0..<12).map { Int32($0 % 3) }, classes: 3)
        let network = try Network(Architecture(parsing: "mlp(6-5)"), input: FeatureShape(vector: 8), classes: 3)
        let objective = NetworkObjective<Double>(
            network: network, loss: reference.loss, data: data,
            normalization: Normalization(mean: 0.5, standardDeviation: 0.25), weightDecay: .all(0.01),
            largestShard: 7)
        let parameters = ParameterBlock<Double>(layout: network.layout)
        let gradients = ParameterBlock<Double>(layout: network.layout)
        for index in 0..<parameters.count { parameters.storage[index] = 0.5 * sin(Double(index + 1)) }
        let optimizer = SGD<Double>(layout: network.layout, momentum: 0.9)
        for (step, expected) in reference.values.enumerated() {
            let batch = BatchShard(samples: (0..<7).map { (step + $0) % 12 }[...], batchSize: 7)
            let value =
                objective.evaluate(batch, at: parameters, addingTo: gradients)
                + objective.decay(at: parameters, addingTo: gradients)
            #expect(abs(value - expected) < 1e-14)
            optimizer.update(parameters, along: gradients, learningRate: 0.05, clearingGradients: true)
        }
        let final = parameters.storage.array
        #expect(abs(final.reduce(0) { $0 + $1 * $1 }.squareRoot() - reference.norm) < 1e-13)
        #expect(abs(final.reduce(0, +) - reference.sum) < 1e-13)
        for (index, expected) in reference.everyTenth.enumerated() {
            #expect(abs(final[10 * index] - expected) < 1e-14)
        }
    }
}
