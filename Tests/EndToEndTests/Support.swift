import Foundation
import GRDB
import Programs
import Testing

@testable import Results

/// All tests that start the program, one after the other: each uses all cores.
@Suite(.serialized) struct EndToEndTests {}

extension Programs {
    /// `ncsweep run` to its end, at a data set of this test where one is given.
    static func sweep(
        _ file: String, to directory: String, data: String? = nil, _ options: [String] = [], ranks: Int? = nil
    ) throws -> RunningProgram.Ending {
        try run("ncsweep", runArguments(file, to: directory, data: data, options), ranks: ranks, atMostSeconds: 120)
    }

    static func startSweep(
        _ file: String, to directory: String, data: String? = nil, _ options: [String] = [], ranks: Int? = nil,
        environment: [String: String] = [:]
    ) throws -> RunningProgram {
        try RunningProgram(
            "ncsweep", runArguments(file, to: directory, data: data, options), ranks: ranks, environment: environment)
    }

    private static func runArguments(
        _ file: String, to directory: String, data: String?, _ options: [String]
    ) -> [String] {
        ["run", file, "--out", directory] + (data.map { ["--data", $0] } ?? []) + options
    }
}

/// What a sweep has stored, read from its folder.
struct Stored {
    /// Lines of the table of results without those columns that may differ from run to run, by trial.
    let rows: [String: [String: String]]
    let trials: [String]
    /// All of the series, as they are printed.
    let measurements: String

    static let volatileColumns = ["seconds", "host"]

    init(_ directory: String) throws {
        let results = try Programs.run("ncsweep", ["results", directory, "--format", "csv"])
        try #require(results.code == 0, "\(results.errors)")
        let table = CSV.rows(results.output)
        let header = try #require(table.first)
        let lines = table.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
        trials = lines.compactMap { $0["trial"] }
        rows = Dictionary(
            uniqueKeysWithValues: lines.map { line in
                (line["trial"] ?? "", line.filter { !Self.volatileColumns.contains($0.key) })
            })
        let series = try Programs.run("ncsweep", ["measurements", directory, "--format", "csv"])
        try #require(series.code == 0, "\(series.errors)")
        measurements = series.output
    }

    /// Stored trials with the Unix time at which each was started.
    static func starts(_ directory: String) throws -> [String: Double] {
        guard FileManager.default.fileExists(atPath: directory + "/results.sqlite") else { return [:] }
        let results = try StoredResults(directory: directory)
        return try results.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT trial, started FROM trials WHERE state != 'planned'")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, $0[1] as Double) })
        }
    }

    /// How the last session ended; nil while it runs or after it was killed.
    static func ending(_ directory: String) throws -> String? {
        let results = try StoredResults(directory: directory)
        return try results.read { db in
            try String.fetchOne(db, sql: "SELECT ending FROM session ORDER BY number DESC LIMIT 1")
        }
    }

    /// A folder that holds nothing a sweep could have left.
    static func isUntouched(_ directory: String) -> Bool { !FileManager.default.fileExists(atPath: directory) }
}

/// RFC 4180.
enum CSV {
    static func rows(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var (row, cell, isQuoted) = ([String](), "", false)
        for character in text.replacingOccurrences(of: "\r\n", with: "\n") {
            switch character {
            case "\"":
                // A doubled quote inside quotes ends them and begins them again.
                if !isQuoted, cell.last == "\u{1}" {
                    cell.removeLast()
                    cell.append("\"")
                }
                isQuoted.toggle()
                if !isQuoted { cell.append("\u{1}") }
            case "," where !isQuoted:
                row.append(cell.replacingOccurrences(of: "\u{1}", with: ""))
                cell = ""
            case "\n" where !isQuoted:
                row.append(cell.replacingOccurrences(of: "\u{1}", with: ""))
                rows.append(row)
                (row, cell) = ([], "")
            default: cell.append(character)
            }
        }
        return rows
    }
}

/// Small data sets in MNIST's files: four classes of 8 × 8 pixels, each class brighter in a quarter of its own.
enum SmallDataSet {
    static let classes = 4
    static let side = 8

    static func write(to folder: String, training: Int = 240, test: Int = 80) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (prefix, count, salt) in [("train", training, 1), ("t10k", test, 2)] {
            var pixels: [UInt8] = []
            var labels: [UInt8] = []
            var state = UInt32(truncatingIfNeeded: salt)
            for sample in 0..<count {
                let label = sample % classes
                labels.append(UInt8(label))
                for pixel in 0..<side * side {
                    state = state &* 1_664_525 &+ 1_013_904_223
                    let noise = UInt8(state >> 25)
                    pixels.append(pixel / (side * side / classes) == label ? 120 + noise / 2 : noise)
                }
            }
            try file(magic: 0x803, [count, side, side], pixels, to: "\(folder)/\(prefix)-images-idx3-ubyte")
            try file(magic: 0x801, [count], labels, to: "\(folder)/\(prefix)-labels-idx1-ubyte")
        }
    }

    private static func file(magic: Int, _ sizes: [Int], _ bytes: [UInt8], to path: String) throws {
        var content = Data()
        for number in [magic] + sizes {
            for shift in [24, 16, 8, 0] { content.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        try (content + Data(bytes)).write(to: URL(fileURLWithPath: path))
    }
}
