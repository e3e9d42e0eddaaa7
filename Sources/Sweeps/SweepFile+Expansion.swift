extension SweepFile {
    /// Every trial of the file.
    ///
    /// - Parameters:
    ///   - limit: Most combinations, before `where`. A file with more is refused before any is made.
    ///   - check: What only other modules can find wrong with a trial; called once for each distinct trial.
    ///   - reports: What trials of a problem report; nil leaves the names in claims unchecked.
    public func expand(
        limit: Int = 2_000_000, check: (Trial) -> [ParameterProblem] = { _ in [] },
        reporting reports: ((String) -> ReportSchema)? = nil
    ) throws(SweepFileErrors) -> Plan {
        var mistakes = Mistakes(path: path)
        checkSize(limit, &mistakes)
        guard mistakes.isEmpty else { throw mistakes.errors }
        if let reports { _ = claims(reporting: reports, &mistakes) }
        var trials: [PlannedTrial] = []
        var indices: [UInt64: Int32] = [:]
        let combinations = blocks.reduce(0) { $0 + $1.combinations }
        indices.reserveCapacity(combinations)
        var duplicates = 0
        var excluded = 0
        for (number, block) in blocks.enumerated() {
            var expansion = BlockExpansion(block)
            var kept = 0
            while let outcome = expansion.next(&mistakes) {
                guard case .trial(let trial) = outcome else {
                    excluded += 1
                    continue
                }
                kept += 1
                if let index = indices[trial.id.bits] {
                    let known = trials[Int(index)].trial
                    if known == trial {
                        duplicates += 1
                        trials[Int(index)].add(block: number)
                    } else {
                        mistakes.add(block.position, Self.collision(known, trial))
                    }
                    continue
                }
                indices[trial.id.bits] = Int32(trials.count)
                trials.append(PlannedTrial(trial: trial, blocks: [number], execution: block.execution))
                for problem in check(trial) {
                    mistakes.add(block.position(of: problem, in: trial), problem.message)
                }
            }
            expansion.report(kept: kept, &mistakes)
        }
        guard mistakes.isEmpty else { throw mistakes.errors }
        return Plan(trials: trials, duplicates: duplicates, excluded: excluded)
    }

    private func checkSize(_ limit: Int, _ mistakes: inout Mistakes) {
        // Indices are kept in 32 bits.
        let limit = min(limit, Int(Int32.max))
        var total = 0
        for block in blocks {
            total = saturatingSum(total, block.combinations)
            guard block.combinations > limit else { continue }
            let factors = block.axes.map { "\($0.label) \($0.count)" }.joined(separator: " × ")
            mistakes.add(
                block.position,
                "grid has \(Self.written(block.combinations)) combinations (\(factors)); the limit is \(limit), "
                    + "take fewer values or split the file")
        }
        if mistakes.isEmpty, total > limit, let last = blocks.last {
            mistakes.add(
                last.position,
                "the blocks together have \(Self.written(total)) combinations; the limit is \(limit), split the file")
        }
    }

    private static func written(_ count: Int) -> String { count == .max ? "more than 9e18" : String(count) }

    private static func collision(_ a: Trial, _ b: Trial) -> String {
        "two different trials have the id \(a.id) (\(a.canonicalText) and \(b.canonicalText)); "
            + "change a value of one of them slightly"
    }
}

extension Block {
    /// The item of a list that is wrong, or else the key.
    fileprivate func position(of problem: ParameterProblem, in trial: Trial) -> SourcePosition {
        if let item = problem.item, let index = schema.index(of: problem.name),
            case .text(let word)? = trial[problem.name],
            let positions = itemPositions[index]?[word], positions.indices.contains(item)
        {
            return positions[item]
        }
        return position(of: problem.name)
    }

    /// Where the file gives a key, or a key that stands for it; the block's place where it does not.
    func position(of name: String) -> SourcePosition {
        if let index = schema.index(of: name), let position = keyPositions[index] { return position }
        for (index, definition) in schema.definitions.enumerated() where definition.shorthandFor.contains(name) {
            if let position = keyPositions[index] { return position }
        }
        return position
    }
}
