import Foundation

/// Unix time and its text for people.
public enum ClockTime {
    /// Seconds since 1970.
    public static func now() -> Double { Date().timeIntervalSince1970 }

    /// "12:03:04", or "2026-11-20 12:03:04" where that was another day than `now`'s; in local time.
    public static func text(_ time: Double, now: Double = now()) -> String {
        guard time.isFinite, abs(time) < 1e11 else { return "?" }
        let (then, today) = (parts(time), parts(now))
        let clock = [then.tm_hour, then.tm_min, then.tm_sec].map(twoDigits).joined(separator: ":")
        guard (then.tm_year, then.tm_yday) != (today.tm_year, today.tm_yday) else { return clock }
        return "\(1900 + then.tm_year)-\(twoDigits(then.tm_mon + 1))-\(twoDigits(then.tm_mday)) \(clock)"
    }

    private static func parts(_ time: Double) -> tm {
        var seconds = time_t(time.rounded(.down))
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts
    }

    private static func twoDigits(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
