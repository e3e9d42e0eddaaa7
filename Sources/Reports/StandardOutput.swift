import Foundation

/// Buffered output to a file descriptor that knows when nobody reads any more.
public final class StandardOutput {
    /// The reader has gone (`ncsweep results DIR | head`): a reason to stop, not an error to report.
    public struct Closed: Error {}

    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private static let capacity = 1 << 16

    public init(descriptor: CInt = STDOUT_FILENO) {
        self.descriptor = descriptor
        // Else the process would end by a signal, which a shell with `pipefail` reports.
        signal(SIGPIPE, SIG_IGN)
        buffer.reserveCapacity(Self.capacity)
    }

    /// - Throws: `Closed`, or `ReportError` where the output cannot be written, as on a full disk.
    public func write(_ text: String) throws {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.capacity { try flush() }
    }

    /// Must be called at the end.
    public func flush() throws {
        var rest = buffer
        buffer.removeAll(keepingCapacity: true)
        while !rest.isEmpty {
            let written = Foundation.write(descriptor, rest, rest.count)
            if written >= 0 {
                rest.removeFirst(written)
            } else if errno == EPIPE {
                throw Closed()
            } else if errno != EINTR {
                throw ReportError("cannot write the output: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Runs `body`, flushes, and ends quietly where the reader has gone.
    public static func write(_ body: (StandardOutput) throws -> Void) throws {
        let output = StandardOutput()
        do {
            try body(output)
            try output.flush()
        } catch is Closed {
            return
        }
    }

    /// In columns; nil where standard output is no terminal.
    public static var terminalWidth: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
