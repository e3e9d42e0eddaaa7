/// A data set that anyone can download, and where it comes from.
public struct PublicDataSet: Sendable {
    public struct File: Sendable {
        public let url: String
        /// Of the file as downloaded, in hexadecimal: those TensorFlow Datasets publishes for the same address, of
        /// which CIFAR's archives were also compared with the MD5 sums of its own page.
        public let sha256: String

        public init(url: String, sha256: String) {
            self.url = url
            self.sha256 = sha256
        }

        public var name: String { url.split(separator: "/").last.map(String.init) ?? url }
    }

    public enum Packing: Sendable {
        /// Each file is one of the data set's.
        case files
        /// A gzipped tar archive of one folder.
        case tar
        /// A zip archive of one folder.
        case zip
    }

    public let name: String
    /// What the files are put into, below the folder for data.
    public let folder: String
    public let summary: String
    public let files: [File]
    public let packing: Packing
    /// Size of the download.
    public let megabytes: Int
    /// Where it cannot be fetched, how to get it otherwise; else another way than fetching.
    public let otherWay: String?

    public var isFetchable: Bool { !files.isEmpty }

    /// How to get it, in one sentence.
    public var advice: String {
        let fetch = isFetchable ? "ncsweep data fetch \(name) --data DIR" : nil
        return switch (fetch, otherWay) {
        case (let fetch?, let other?): "get it with: \(fetch), or \(other)"
        case (let fetch?, nil): "get it with: \(fetch)"
        case (nil, let other): "get it with: \(other ?? "")"
        }
    }

    public static func named(_ name: String) -> PublicDataSet? { all.first { $0.name == name } }

    public static let all: [PublicDataSet] =
        [
            mnistLike(
                "mnist", "handwritten digits", 12, "https://storage.googleapis.com/cvdf-datasets/mnist/",
                [
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                ]),
            mnistLike(
                "fashion-mnist", "clothes", 31, "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                [
                    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                ], otherWay: "apt-get install dataset-fashion-mnist"),
            mnistLike(
                "kmnist", "cursive Japanese letters", 21, "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                [
                    "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                    "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                    "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                    "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
                ]),
        ]
        + ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"].map { split in
            PublicDataSet(
                name: "emnist-\(split)", folder: "emnist", summary: "handwritten digits and letters",
                files: [
                    File(
                        url: "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
                        sha256: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e")
                ], packing: .zip, megabytes: 562, otherWay: nil)
        }
        + [
            PublicDataSet(
                name: "cifar-10", folder: "cifar-10", summary: "colour photographs",
                files: [
                    File(
                        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
                ], packing: .tar, megabytes: 170, otherWay: nil),
            PublicDataSet(
                name: "cifar-100", folder: "cifar-100", summary: "colour photographs",
                files: [
                    File(
                        url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
                        sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")
                ], packing: .tar, megabytes: 169, otherWay: nil),
            PublicDataSet(
                name: "svhn", folder: "svhn", summary: "house numbers", files: [], packing: .files, megabytes: 246,
                otherWay: "train_32x32.mat and test_32x32.mat of http://ufldl.stanford.edu/housenumbers/, each written "
                    + "as DIR/svhn/train.npz or test.npz by Python: m = scipy.io.loadmat('train_32x32.mat'); "
                    + "numpy.savez('train.npz', x=m['X'].transpose(3, 0, 1, 2), y=m['y'].ravel() % 10)"),
        ]

    private static func mnistLike(
        _ name: String, _ summary: String, _ megabytes: Int, _ base: String, _ sums: [String], otherWay: String? = nil
    ) -> PublicDataSet {
        let names = [
            "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
        ]
        return PublicDataSet(
            name: name, folder: name, summary: summary,
            files: zip(names, sums).map { File(url: base + $0 + ".gz", sha256: $1) }, packing: .files,
            megabytes: megabytes, otherWay: otherWay)
    }

    public init(
        name: String, folder: String, summary: String, files: [File], packing: Packing, megabytes: Int,
        otherWay: String?
    ) {
        self.name = name
        self.folder = folder
        self.summary = summary
        self.files = files
        self.packing = packing
        self.megabytes = megabytes
        self.otherWay = otherWay
    }
}
