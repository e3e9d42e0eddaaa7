#if canImport(Glibc)
    import Glibc
#endif

/// Seconds since some fixed moment: for durations. The time of day is `wallSeconds`.
public func monotonicSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

/// Unix time.
public func wallSeconds() -> Double { seconds(CLOCK_REALTIME) }

private func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// One line on standard error, where it can be written.
func warn(_ text: String) {
    let line = "ncsweep: \(text)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

/// Number of this process.
func processIdentifier() -> Int32 { getpid() }
