/// The bytes in which a trial travels to the ranks that run it. The canonical text would do, but to write and parse its
/// numbers took longer than all the rest of handing out a short trial.
extension ByteWriter {
    mutating func write(_ trial: Trial) {
        write(trial.problem)
        write(trial.revision)
        write(fixed: trial.id.bits)
        write(UInt64(trial.parameters.count))
        for parameter in trial.parameters {
            write(parameter.name)
            write(parameter.value)
        }
    }

    public mutating func write(_ value: ParameterValue) {
        switch value {
        case .integer(let whole):
            write(byte: 0)
            write(whole)
        case .real(let real):
            write(byte: 1)
            write(real)
        case .text(let text):
            write(byte: 2)
            write(text)
        }
    }
}

extension ByteReader {
    mutating func trial() -> Trial? {
        guard let problem = text(), let revision = integer(), let id = fixed(),
            let count = count(ofElementsTaking: 3)
        else { return nil }
        var parameters: [Trial.Parameter] = []
        parameters.reserveCapacity(count)
        for _ in 0..<count {
            guard let name = text(), let value = value() else { return nil }
            parameters.append(Trial.Parameter(name: name, value: value))
        }
        return Trial(problem: problem, revision: revision, parameters: parameters, id: TrialID(bits: id))
    }

    public mutating func value() -> ParameterValue? {
        switch byte() {
        case 0: integer().map(ParameterValue.integer)
        case 1: real().map(ParameterValue.real)
        case 2: text().map(ParameterValue.text)
        default: nil
        }
    }
}
