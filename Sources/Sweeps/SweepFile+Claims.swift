/// `expect`: what the file claims of its results.
extension SweepFile {
    static func readClaims(
        _ node: YAMLValue, _ source: SourceLines, _ mistakes: inout Mistakes
    ) -> [Claim.Source] {
        let items: [YAMLValue]
        if case .list(let list) = node.content { items = list } else { items = [node] }
        if items.isEmpty || node.isEmpty {
            mistakes.add(node.position, "'expect' is empty; write a claim such as 'gap <= 1e-8', or remove it")
            return []
        }
        var claims: [Claim.Source] = []
        for item in items {
            guard case .scalar(let text, let isQuoted) = item.content, !item.isEmpty else {
                mistakes.add(
                    item.position, "'expect' takes claims such as 'gap <= 1e-8'; quote one that holds ': ' or ' #'")
                continue
            }
            let claim = Claim.Source(text: text, position: item.position, isQuoted: isQuoted)
            do { try Claim.checkSyntax(text) } catch { mistakes.add(claim, error, source) }
            claims.append(claim)
        }
        return claims
    }

    /// How many claims the file makes.
    public var claimCount: Int { claimSources.count }

    /// The file's claims, checked against what its trials report.
    ///
    /// - Parameter reports: of a problem.
    public func claims(reporting reports: (String) -> ReportSchema) throws(SweepFileErrors) -> [Claim] {
        var mistakes = Mistakes(path: path)
        let claims = claims(reporting: reports, &mistakes)
        guard mistakes.isEmpty else { throw mistakes.errors }
        return claims
    }

    /// A condition on results, where the file's names of lists stand for the words they mean.
    public func resolved(_ condition: Expression) -> Expression { condition.resolved(lists, schemas) }

    private var schemas: [ParameterSchema] {
        ParameterSchema.all.filter { schema in blocks.contains { $0.problem == schema.problem } }
    }

    func claims(reporting reports: (String) -> ReportSchema, _ mistakes: inout Mistakes) -> [Claim] {
        guard !claimSources.isEmpty else { return [] }
        let schemas = schemas
        let reported = schemas.map { reports($0.problem) }
        // A parameter goes before an outcome of the same name, as it does in the table of results.
        let vocabulary = Vocabulary(schemas.flatMap(\.vocabulary.names) + reported.flatMap(\.columns))
        let source = SourceLines(text)
        var claims: [Claim] = []
        for claim in claimSources {
            do {
                claims.append(try Claim(parsing: claim.text, vocabulary, reported).resolved(lists, schemas))
            } catch {
                mistakes.add(claim, error, source)
            }
        }
        return claims
    }
}

extension Mistakes {
    fileprivate mutating func add(_ claim: Claim.Source, _ error: ExpressionError, _ source: SourceLines) {
        let position = source.position(
            in: claim.text, at: error.offset, from: claim.position, isQuoted: claim.isQuoted)
        add(position, "expect: \(error.message)")
    }
}
