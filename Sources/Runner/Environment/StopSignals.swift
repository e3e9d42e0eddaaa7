import CStartup

#if canImport(Glibc)
import Glibc
#endif

/// SIGINT and SIGTERM as something to ask for between steps, instead of handlers that interrupt anything anywhere.
///
/// The signals are blocked for the whole process and fetched from the kernel's queue; so there is no global state, and
/// a write that must not be torn apart cannot be.
public struct StopSignals {
    private var signals = sigset_t()

    /// Blocks the two signals; to be called before MPI starts threads, which inherit the mask.
    ///
    /// Under a launcher the process also asks to be told when the launcher dies: nothing would stop it otherwise.
    public init(isLaunched: Bool) {
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        sigprocmask(SIG_BLOCK, &signals, nil)
        // A reader that closes its pipe is an error of write(2), not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        if isLaunched { ncsweep_end_with_parent() }
    }

    /// The signal that has arrived since the last call, if any.
    public func next() -> Int? {
        var signals = signals
        var noTime = timespec(tv_sec: 0, tv_nsec: 0)
        let number = sigtimedwait(&signals, nil, &noTime)
        return number > 0 ? Int(number) : nil
    }
}
