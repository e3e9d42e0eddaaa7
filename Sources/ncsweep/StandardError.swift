import Foundation

/// One line for the person at the terminal, beside the results on standard output.
func printLine(_ text: String) {
    FileHandle.standardError.write(Data("ncsweep: \(text)\n".utf8))
}

/// An error as its lines: what, where, what to do. A sweep file may have several mistakes.
func printError(_ error: any Error) {
    for line in String(describing: error).split(separator: "\n") { printLine(String(line)) }
}
