import Foundation
import LinearAlgebra
import Runner

/// One measured number and what it must reach: a line of the table.
struct Figure {
    let subject: String
    let measured: String
    /// nil where the number is only reported.
    var bar: String?
    var isReached: Bool?

    init(_ subject: String, _ measured: String) {
        self.subject = subject
        self.measured = measured
    }

    /// - Parameter value: compared in the unit in which the bar is written.
    init(_ subject: String, _ measured: String, _ value: Double, atMost bar: Double, _ unit: String) {
        self.init(subject, measured)
        self.bar = "≤ \(Self.text(bar))" + (unit.isEmpty ? "" : " \(unit)")
        isReached = value <= bar
    }

    init(_ subject: String, _ measured: String, _ value: Double, atLeast bar: Double, _ unit: String) {
        self.init(subject, measured)
        self.bar = "≥ \(Self.text(bar)) \(unit)"
        isReached = value >= bar
    }

    static func printHeader() {
        Swift.print("| figure | measured | bar | |\n|---|---|---|---|")
    }

    func print() {
        let verdict = isReached.map { $0 ? "reached" : "MISSED" } ?? ""
        Swift.print("| \(subject) | \(measured) | \(bar ?? "–") | \(verdict) |")
        // Benchmarks take minutes: each line is seen at once, also through a pipe.
        fflush(nil)
    }

    /// Three significant digits.
    static func text(_ value: Double) -> String {
        value.magnitude >= 100 ? String(format: "%.0f", value) : String(format: "%.3g", value)
    }
}

/// The middle of the values; the mean of the two middle ones where their number is even.
func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "median of nothing")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// Where the figures are measured.
enum Machine {
    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// The last core this process may run on, farthest from those that see to the system's own work.
    static var lastCore: String {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") } ?? "0"
        return line.split { !$0.isNumber }.last.map(String.init) ?? "0"
    }

    /// "load 0.3 over the last minute": others on the machine disturb every figure.
    static var load: String {
        var averages = [0.0, 0.0, 0.0]
        guard getloadavg(&averages, 3) > 0 else { return "load unknown" }
        return String(format: "load %.1f over the last minute", averages[0])
    }

    static func describe() {
        print(
            "ncsweep \(Program.version) (\(Program.revision)), built for \(Program.compiledFor); \(BLASKernel.cpuName), "
                + "\(cores) cores; \(load).\n")
    }
}
