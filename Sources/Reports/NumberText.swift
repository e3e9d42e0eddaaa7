import Foundation
import Sweeps

/// Values as people read them; files get the exact ones.
public enum NumberText {
    /// Five significant digits, and no more zeros than needed: "0.005", "1.2346e-07", "12346".
    public static func short(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        return String(format: "%.5g", value)
    }

    public static func short(_ value: ParameterValue?) -> String {
        switch value {
        case .integer(let whole): String(whole)
        case .real(let real): short(real)
        case .text(let text): text
        case nil: ""
        }
    }

    /// "12 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "unknown" }
        let whole = Int(max(0, seconds).rounded())
        func pair(_ large: Int, _ name: String, _ small: Int, _ unit: String) -> String {
            "\(large) \(name) \(small < 10 ? "0" : "")\(small) \(unit)"
        }
        switch whole {
        case ..<1 where seconds > 0: return "under 1 s"
        case ..<60: return "\(whole) s"
        case ..<3600: return pair(whole / 60, "min", whole % 60, "s")
        case ..<86400: return pair(whole / 3600, "h", whole % 3600 / 60, "min")
        default: return pair(whole / 86400, "d", whole % 86400 / 3600, "h")
        }
    }

    /// "12.3/s", or per minute or hour where it is slow.
    public static func rate(perSecond rate: Double) -> String {
        guard rate.isFinite, rate > 0 else { return "0/s" }
        let (value, unit) = rate >= 0.1 ? (rate, "s") : rate >= 0.1 / 60 ? (60 * rate, "min") : (3600 * rate, "h")
        return (value >= 100 ? String(Int(min(value, 1e15).rounded())) : String(format: "%.3g", value)) + "/" + unit
    }
}
