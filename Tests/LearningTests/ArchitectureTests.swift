import LinearAlgebra
import Testing

@testable import Learning

/// Architectures have as many parameters as their papers say, and lists of layers that do not fit are refused.
@Suite struct ArchitectureTests {
    private static let cifar = FeatureShape(height: 32, width: 32, channels: 3)
    private static let imagenet = FeatureShape(height: 224, width: 224, channels: 3)
    private static let digits = FeatureShape(height: 28, width: 28, channels: 1)

    @Test(
        arguments: [
            // torchvision's, with a CIFAR stem where there is no (imagenet), and its 10 classes.
            ("resnet18", cifar, 11_173_962), ("resnet18(imagenet)", imagenet, 11_181_642),
            ("resnet34", cifar, 21_282_122), ("resnet50(imagenet)", imagenet, 23_528_522),
            // 0.27 M in He et al. 2016, 1.0 M in Huang et al. 2017.
            ("resnet20", cifar, 269_722), ("densenet40", cifar, 1_019_722), ("vgg11", cifar, 9_231_114),
            ("lenet", digits, 61_706), ("mlp(512-512)", digits, 784 * 512 + 512 + 512 * 512 + 512 + 5130),
        ] as [(String, FeatureShape, Int)])
    func parametersAreAsManyAsPublished(_ name: String, _ input: FeatureShape, _ count: Int) throws {
        let network = try Network(Architecture(parsing: name), input: input, classes: 10)
        #expect(network.parameterCount == count)
        #expect(network.layout.count == count)
        #expect(Set(network.layout.slices.map(\.name)).count == network.layout.slices.count)
    }

    /// The fixed classifier with d = K of Zhu et al. 2021: 20.70 % and 4.45 % fewer parameters.
    @Test(
        arguments: [
            ("resnet18(imagenet)", 8_867_542, 11_181_642, 20.70), ("resnet50(imagenet)", 22_481_110, 23_528_522, 4.45),
        ])
    func aFixedClassifierSavesParameters(_ name: String, _ count: Int, _ learned: Int, _ percent: Double) throws {
        let network = try Network(
            Architecture(parsing: name), input: Self.imagenet, classes: 10, featureDimension: 10,
            head: ClassifierHead.Style(fixed: { _, _ in Matrix.identity(10) }))
        #expect(network.featureWidth == 10)
        #expect(network.parameterCount == count)
        #expect(network.layout.count == count - 100 && network.head.fixedCount == 100)
        #expect(abs(100 * (1 - Double(count) / Double(learned)) - percent) < 0.01)
    }

    @Test(arguments: ["resnet18", "resnet34", "resnet50", "resnet20", "vgg11", "vgg13", "densenet40", "lenet"])
    func widthAndFeatureDimensionAreThoseAskedFor(_ name: String) throws {
        let network = try Network(
            Architecture(parsing: name), input: Self.cifar, classes: 10, width: 4, featureDimension: 11)
        #expect(network.featureWidth == 11)
        #expect(network.probes.last?.width == 11)
        #expect(Set(network.probes.map(\.name)).count == network.probes.count)
        let wide = try Network(Architecture(parsing: name), input: Self.cifar, classes: 10, width: 8)
        #expect(wide.layout.count > 2 * network.layout.count)
    }

    private func failure(_ architecture: String, _ input: FeatureShape, width: Int? = nil) -> ArchitectureError? {
        do throws(ArchitectureError) {
            guard let parsed = try? Architecture(parsing: architecture) else { return nil }
            _ = try Network(parsed, input: input, classes: 10, width: width)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            (
                "conv(8,3),dense(10)", 1,
                "dense(10) wants a vector and gets 28×28×8; put flatten or global_pool before it"
            ),
            (
                "relu,conv(8,30,padding=0),flatten", 1,
                "conv(8,30) does not fit what comes before it, 28×28×1; use fewer or smaller windows, or larger images"
            ),
            (
                "max_pool(14),max_pool(3),flatten", 1,
                "max_pool(3) does not fit what comes before it, 2×2×1; use fewer or smaller windows, or larger images"
            ),
            ("max_pool(2,padding=2),flatten", 0, "max_pool(2) has padding of more than half its window"),
            (
                "conv(8,3),relu", 1,
                "the layers end with images of 28×28×8, and the classifier wants a vector; end with global_pool or flatten"
            ),
            ("flatten,convolution(3,3)", 1, "unknown layer 'convolution' (known: conv(16,3), dense(64), batch_norm"),
            (
                "conv(8,3,strides=2),flatten", 0,
                "conv(8,3,strides=2): unknown option 'strides'; it takes stride, padding, bias"
            ),
            ("conv(8),flatten", 0, "conv(8): takes 2 numbers; write e.g. conv(16,3)"),
            ("conv(0,3),flatten", 0, "conv(0,3): '0' is not a whole number from 1 to 1048576; write e.g. conv(16,3)"),
            ("conv(8,3,stride=0),flatten", 0, "conv(8,3,stride=0): stride=0 is not a whole number from 1 to 1024"),
            ("conv(8,3,bias=no),flatten", 0, "conv(8,3,bias=no): bias=no is not none"),
            ("flatten,dense(8,bias=free)", 1, "dense(8,bias=free): bias=free is what it is without; leave it out"),
            ("conv(8,3,stride=1),flatten", 0, "conv(8,3,stride=1): stride=1 is what it is without; leave it out"),
            ("conv(8,3,stride=2,stride=3),flatten", 0, "conv(8,3,stride=2,stride=3): 'stride' is given twice"),
            ("flatten,dense(8,width=3)", 1, "dense(8,width=3): unknown option 'width'; it takes bias"),
            (
                "flatten,dropout(1)", 1,
                "dropout(1): wants a probability of at least 0 and less than 1; write dropout(0.5)"
            ),
            ("relu(3),flatten", 0, "relu(3): takes nothing in parentheses; write relu"),
            (
                "conv(8,3),residual(conv(9,3)),flatten", 1,
                "the branch of a residual block gives 28×28×9 and its shortcut 28×28×8; both must be of one shape"
            ),
            (
                "conv(8,3),concatenate(max_pool(2)),flatten", 1,
                "a concatenating block joins 28×28×8 and 14×14×8; both must be of one height and width"
            ),
            (
                "residual(shortcut(relu)),flatten", 0,
                "residual(shortcut(relu)): holds no layers; write e.g. residual(conv(16,3),batch_norm)"
            ),
            (
                "concatenate(relu,shortcut(relu)),flatten", 0,
                "concatenate(relu,shortcut(relu)): has a shortcut too many"
            ),
            ("relu,probe(a),tanh,probe(a),flatten", 3, "probe(a): two layers of this name"),
            ("relu,probe(a,b),flatten", 1, "probe(a,b): wants a name; write probe(block1)"),
            ("flatten,residual(residual(dense(3)))", 1, "the branch of a residual block gives 3 and its shortcut 784"),
        ] as [(String, Int, String)])
    func aListThatDoesNotFitNamesTheLayer(_ list: String, _ item: Int, _ message: String) throws {
        let error = try #require(failure("layers(\(list))", Self.digits))
        #expect(error.item == item)
        #expect(error.description.hasPrefix(message), "\(error.description)")
        #expect(!error.description.contains("\n"))
    }

    @Test func namedArchitecturesSayWhatTheyLack() {
        #expect(
            failure("vgg11", Self.digits)?.description
                == "vgg11 halves its images 5 times, so they are 32×32 at least, and these are 28×28×1; enlarge them with pad:"
        )
        #expect(
            failure("mlp(8)", Self.digits, width: 3)?.description
                == "'width' is for named architectures such as resnet18; mlp(8) names its widths itself")
        #expect(failure("lenet", FeatureShape(height: 9, width: 9, channels: 1)) != nil)
        #expect(failure("resnet18", FeatureShape(height: 1, width: 1, channels: 3)) == nil)
        #expect(failure("vgg11", Self.digits)?.item == nil)
    }

    @Test(
        arguments: [
            "layers(conv(8,3)", "layers(conv(8,3)))", "layers(,relu)", "layers(relu,)", "layers()", "layers",
            "layers(a=3)",
            "layers(conv(8,,3))", "layers(relu tanh",
        ])
    func aListThatIsNoneIsRefused(_ text: String) {
        #expect(throws: SpecificationError.self) { try Architecture(parsing: text) }
    }

    @Test(
        arguments: SmallNetwork.all.map(\.architecture) + ["mlp(3,batch_norm)", "resnet34", "vgg13"])
    func canonicalTextsParseToTheSame(_ text: String) throws {
        let architecture = try Architecture(parsing: text)
        #expect(try Architecture(parsing: architecture.description) == architecture)
    }
}
