import Sweeps

/// The bytes in which a result travels to the coordinator. Names of measurements repeat thousands of times, so they
/// are written once each, before the numbers that refer to them.
extension TrialResult {
    private static let format: UInt8 = 1

    public var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 96 + 24 * outcomes.count + 16 * measurements.count)
        writer.write(byte: Self.format)
        writer.write(fixed: id.bits)
        writer.write(byte: state.code)
        writer.write(byte: reason == nil ? 0 : 1)
        if let reason { writer.write(reason) }
        writer.write(started)
        writer.write(seconds)
        writer.write(host)
        writer.write(rank)
        writer.write(attempt)
        writer.write(UInt64(outcomes.count))
        for outcome in outcomes {
            writer.write(outcome.name)
            writer.write(outcome.value)
        }
        writer.write(UInt64(measurements.count))
        if !measurements.isEmpty { write(measurementsTo: &writer) }
        return writer.bytes
    }

    private func write(measurementsTo writer: inout ByteWriter) {
        var names: [String] = []
        var numbers: [String: UInt64] = [:]
        func number(of name: String) -> UInt64 {
            if let number = numbers[name] { return number }
            let number = UInt64(names.count)
            numbers[name] = number
            names.append(name)
            return number
        }
        let keys = measurements.map { (number(of: $0.layer), number(of: $0.split), number(of: $0.metric)) }
        writer.write(UInt64(names.count))
        for name in names { writer.write(name) }
        for (measurement, key) in zip(measurements, keys) {
            writer.write(measurement.step)
            writer.write(byte: measurement.epoch == nil ? 0 : 1)
            if let epoch = measurement.epoch { writer.write(epoch) }
            writer.write(key.0)
            writer.write(key.1)
            writer.write(key.2)
            writer.write(measurement.value)
        }
    }

    /// nil unless the bytes are exactly one encoded result.
    public init?(decoding bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.byte() == Self.format, let bits = reader.fixed(),
            let state = reader.byte().flatMap(TrialState.init(code:)),
            let hasReason = reader.byte(), hasReason <= 1
        else { return nil }
        var reason: String?
        if hasReason == 1 {
            guard let text = reader.text() else { return nil }
            reason = text
        }
        guard let started = reader.real(), let seconds = reader.real(), let host = reader.text(),
            let rank = reader.integer(), let attempt = reader.integer(),
            let outcomeCount = reader.count(ofElementsTaking: 3)
        else { return nil }
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(outcomeCount)
        for _ in 0..<outcomeCount {
            guard let name = reader.text(), let value = reader.value() else { return nil }
            outcomes.append(Outcome(name: name, value: value))
        }
        guard let measurements = Self.measurements(from: &reader), reader.isAtEnd else { return nil }
        self.init(
            id: TrialID(bits: bits), state: state, reason: reason, outcomes: outcomes, measurements: measurements,
            started: started, seconds: seconds, host: host, rank: rank, attempt: attempt)
    }

    private static func measurements(from reader: inout ByteReader) -> [Measurement]? {
        guard let count = reader.count(ofElementsTaking: 13) else { return nil }
        guard count > 0 else { return [] }
        guard let nameCount = reader.count(ofElementsTaking: 1) else { return nil }
        var names: [String] = []
        for _ in 0..<nameCount {
            guard let name = reader.text() else { return nil }
            names.append(name)
        }
        func name() -> String? {
            guard let number = reader.unsigned(), number < UInt64(names.count) else { return nil }
            return names[Int(number)]
        }
        var measurements: [Measurement] = []
        measurements.reserveCapacity(count)
        for _ in 0..<count {
            guard let step = reader.integer(), let hasEpoch = reader.byte(), hasEpoch <= 1 else { return nil }
            var epoch: Double?
            if hasEpoch == 1 {
                guard let value = reader.real() else { return nil }
                epoch = value
            }
            guard let layer = name(), let split = name(), let metric = name(), let value = reader.real() else {
                return nil
            }
            measurements.append(
                Measurement(step: step, epoch: epoch, layer: layer, split: split, metric: metric, value: value))
        }
        return measurements
    }
}

extension TrialState {
    fileprivate var code: UInt8 {
        switch self {
        case .done: 0
        case .diverged: 1
        case .failed: 2
        }
    }

    fileprivate init?(code: UInt8) {
        switch code {
        case 0: self = .done
        case 1: self = .diverged
        case 2: self = .failed
        default: return nil
        }
    }
}
