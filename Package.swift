// swift-tools-version:6.1
import PackageDescription

// An arrow may only point down this list; docs/ARCHITECTURE.md draws it and says why each target exists.
let package = Package(
    name: "ncsweep",
    products: [
        .executable(name: "ncsweep", targets: ["ncsweep"]),
        .executable(name: "ncbench", targets: ["ncbench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries: a module map and a commented, header-only shim each.
        .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // Runs before anything else in the process: refuses a CPU the code was not built for.
        .target(name: "CStartup"),
        // Matrix instructions that Swift has no intrinsics for.
        .target(name: "CTiles"),

        .target(name: "RandomNumbers"),
        .target(name: "ArrayFiles", dependencies: ["CZlib"]),
        .target(name: "LinearAlgebra", dependencies: ["COpenBLAS", "CTiles"]),
        .target(name: "MPI", dependencies: ["CMPI", "LinearAlgebra"]),
        .target(name: "Learning", dependencies: ["ArrayFiles", "CZlib", "LinearAlgebra", "RandomNumbers"]),
        .target(name: "NeuralCollapse", dependencies: ["LinearAlgebra"]),
        .target(
            name: "UnconstrainedFeatures",
            dependencies: ["Learning", "LinearAlgebra", "NeuralCollapse", "RandomNumbers"]),
        .target(
            name: "Sweeps",
            dependencies: ["RandomNumbers", "Yams", .product(name: "DequeModule", package: "swift-collections")]),
        .target(name: "Results", dependencies: ["Sweeps", .product(name: "GRDB", package: "GRDB.swift")]),
        .target(name: "Reports", dependencies: ["Results", "Sweeps"]),
        .target(
            name: "Runner",
            dependencies: [
                "CStartup", "RandomNumbers", "ArrayFiles", "MPI", "LinearAlgebra", "Learning", "NeuralCollapse",
                "UnconstrainedFeatures", "Sweeps", "Results",
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        .executableTarget(
            name: "ncsweep",
            dependencies: [
                "CStartup", "ArrayFiles", "Learning", "LinearAlgebra", "MPI", "NeuralCollapse", "Sweeps", "Results",
                "Reports", "Runner",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "ncbench",
            dependencies: [
                "CStartup", "RandomNumbers", "ArrayFiles", "LinearAlgebra", "Learning", "MPI", "NeuralCollapse",
                "UnconstrainedFeatures", "Sweeps", "Results", "Runner",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .testTarget(name: "RandomNumbersTests", dependencies: ["RandomNumbers"]),
        .testTarget(name: "ArrayFilesTests", dependencies: ["ArrayFiles"], exclude: ["Reference"]),
        .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "RandomNumbers"]),
        .testTarget(
            name: "LearningTests",
            dependencies: ["Learning", "ArrayFiles", "LinearAlgebra", "RandomNumbers", "CZlib"],
            exclude: ["Reference"]),
        .testTarget(
            name: "NeuralCollapseTests", dependencies: ["NeuralCollapse", "LinearAlgebra"], exclude: ["Reference"]),
        .testTarget(
            name: "UnconstrainedFeaturesTests",
            dependencies: ["UnconstrainedFeatures", "Learning", "LinearAlgebra", "NeuralCollapse", "RandomNumbers"]),
        .testTarget(name: "SweepsTests", dependencies: ["Sweeps"]),
        .testTarget(name: "ResultsTests", dependencies: ["Results", "Sweeps"]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports", "Results", "Sweeps"]),
        .testTarget(name: "RunnerTests", dependencies: ["Runner", "ArrayFiles", "Learning", "Results", "Sweeps"]),
        // Starts the built programs, alone and under mpirun.
        .target(name: "Programs", path: "Tests/Programs"),
        .executableTarget(
            name: "mpichecks", dependencies: ["MPI", "LinearAlgebra", "RandomNumbers", "Runner"],
            path: "Tests/MPIChecks"),
        // Reads the documents and runs what they say.
        .testTarget(name: "DocumentationTests", dependencies: ["Programs"]),
        .testTarget(name: "MPITests", dependencies: ["Programs", "mpichecks"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Programs", "ArrayFiles", "Results", "Sweeps", .product(name: "GRDB", package: "GRDB.swift"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
