import Foundation

/// PyTorch in a process of its own, which trains one epoch each time it is asked.
final class PeerTraining {
    private let process = Process()
    private let questions = Pipe()
    private let answers = Pipe()

    init(python: String, script: String, epochs: Int) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            python, script, "--stepwise", "--epochs", "\(epochs)", "--weight-decay", "5e-4",
        ]
        process.standardInput = questions
        process.standardOutput = answers
        // As the peer starts by itself: it brings its own products.
        var environment = ProcessInfo.processInfo.environment
        environment["OPENBLAS_CORETYPE"] = nil
        process.environment = environment
        try process.run()
    }

    deinit {
        try? questions.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Trains an epoch. Returns what it took, as PyTorch's side measured it.
    func nextEpochSeconds() throws -> Double {
        try questions.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        var line = ""
        while !line.hasSuffix("\n") {
            guard let byte = try answers.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else {
                throw BenchmarkError("\(process.arguments?.joined(separator: " ") ?? "the peer") ended early")
            }
            line += String(decoding: byte, as: UTF8.self)
        }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard let name = words.firstIndex(of: "seconds"), name + 1 < words.count, let seconds = Double(words[name + 1])
        else { throw BenchmarkError("the peer answered '\(line.dropLast())'") }
        return seconds
    }
}
