import CStartup
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// SIGINT and SIGTERM as something to ask for between steps, instead of handlers that interrupt anything anywhere.
///
/// The signals are blocked for the whole process; a thread that otherwise sleeps takes them from the kernel. Where the
/// program is so deep in a step that it does not stop in time, the thread ends it: what is stored is safe at any
/// moment.
public final class StopSignals: Sendable {
    private let arrived = Atomic<Int>(0)
    /// From the signal to the end by force: below the five seconds in which a sweep stops.
    private static let patienceSeconds: UInt32 = 4

    /// Blocks the two signals; to be called before MPI starts threads, which inherit the mask.
    ///
    /// Under a launcher the process also asks to be told when the launcher dies: nothing would stop it otherwise.
    public init(isLaunched: Bool) {
        var signals = Self.signals
        sigprocmask(SIG_BLOCK, &signals, nil)
        // A reader that closes its pipe is an error of write(2), not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        if isLaunched { ncsweep_end_with_parent() }
    }

    /// Starts to take the signals; once, and not before the program has replaced itself by `execv`, which would lose
    /// the thread and what it has taken.
    public func watch() {
        var thread = pthread_t()
        // The thread lives as long as the process, and so does what it holds.
        let context = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<StopSignals>.fromOpaque(context!).takeUnretainedValue().waitAndEnd()
                return nil
            }, context)
        precondition(code == 0, "no thread for signals")
    }

    /// The signal that has arrived since the last call, if any.
    public func next() -> Int? {
        let number = arrived.exchange(0, ordering: .relaxed)
        return number > 0 ? number : nil
    }

    private func waitAndEnd() {
        var signals = Self.signals
        var number: Int32 = 0
        while sigwait(&signals, &number) != 0 {}
        arrived.store(Int(number), ordering: .relaxed)
        var left = Self.patienceSeconds
        while left > 0 { left = sleep(left) }
        let line = "ncsweep: ended by signal \(number) amid a long step; what is stored is safe, start again to go on\n"
        write(STDERR_FILENO, line, line.utf8.count)
        _exit(128 + number)
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }
}
