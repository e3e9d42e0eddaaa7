import Foundation

/// For the person at the terminal, beside the results on standard output. Where nobody listens any more, or the disk
/// behind it is full, the sweep goes on.
func writeToStandardError(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        guard written > 0 || (written < 0 && errno == EINTR) else { return }
        rest = rest.dropFirst(max(0, written))
    }
}

/// One line.
func printLine(_ text: String) { writeToStandardError("ncsweep: \(text)\n") }

/// An error as its lines: what, where, what to do. A sweep file may have several mistakes; the first ones are said.
func printError(_ error: any Error) {
    let lines = String(describing: error).split(separator: "\n")
    let most = 50
    for line in lines.prefix(most) { printLine(String(line)) }
    if lines.count > most { printLine("and \(lines.count - most) more mistakes") }
}
