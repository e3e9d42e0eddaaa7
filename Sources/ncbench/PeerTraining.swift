import Foundation

/// PyTorch in a process of its own, which trains a step or an epoch each time it is asked.
final class PeerTraining {
    private let process = Process()
    private let questions = Pipe()
    private let answers = Pipe()

    /// - Parameter arguments: of the script, beyond `--stepwise`.
    init(python: String, script: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, script, "--stepwise"] + arguments
        process.standardInput = questions
        process.standardOutput = answers
        // As the peer starts by itself: it brings its own products.
        var environment = ProcessInfo.processInfo.environment
        for name in ["OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS"] { environment[name] = nil }
        process.environment = environment
        try process.run()
    }

    deinit {
        try? questions.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Asks for so many steps or epochs; the peer works while this process goes on.
    func ask(for steps: Int = 1) throws {
        try questions.fileHandleForWriting.write(contentsOf: Data(String(repeating: "\n", count: steps).utf8))
    }

    /// Waits for the next answer: the numbers of its line, each behind its name, such as the `seconds` it took.
    func answer() throws -> [String: Double] {
        var line = ""
        while !line.hasSuffix("\n") {
            guard let byte = try answers.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else {
                throw BenchmarkError("\(process.arguments?.joined(separator: " ") ?? "the peer") ended early")
            }
            line += String(decoding: byte, as: UTF8.self)
        }
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        var numbers: [String: Double] = [:]
        for (name, value) in zip(words, words.dropFirst()) {
            if let value = Double(value), Double(name) == nil { numbers[name] = value }
        }
        guard numbers["seconds"] != nil else { throw BenchmarkError("the peer answered '\(line.dropLast())'") }
        return numbers
    }

    /// Seconds of so many steps or epochs, as PyTorch's side measured them.
    func seconds(of steps: Int = 1) throws -> Double {
        try ask(for: steps)
        return try (0..<steps).reduce(0) { sum, _ in try sum + answer()["seconds"]! }
    }
}
