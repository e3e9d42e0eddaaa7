/// A sweep file, parsed and checked: blocks of parameter values that `expand` turns into trials.
public struct SweepFile: Sendable {
    /// The file's `name:`, or the file's own name without its extension.
    public let name: String
    /// Free text; empty where none is given.
    public let description: String
    /// The file as it was read.
    public let text: String
    public let path: String
    public let blocks: [Block]
    /// Names that the file gives to lists, by section, with their places.
    public let listNames: [String: [(name: String, position: SourcePosition)]]
    let lists: NamedLists
    /// The items of `expect`.
    let claimSources: [Claim.Source]
}

/// One problem with fixed and swept values.
public struct Block: Sendable {
    /// Unique in its file.
    public let name: String
    /// "ufm", "landscape" or "network".
    public let problem: String
    public let position: SourcePosition
    public let execution: Execution
    /// The keys under grid, zip and random, in the file's order.
    public let sweptKeys: [String]
    /// Product over all axes, before `where`; Int.max stands for more.
    public var combinations: Int { axes.reduce(1) { saturatingProduct($0, $1.count) } }

    let schema: ParameterSchema
    /// A value for each definition of the schema, where one is fixed.
    let fixed: [ParameterValue?]
    /// The last varies fastest.
    let axes: [Axis]
    let conditions: [Condition]
    /// Where the file gives each definition of the schema.
    let keyPositions: [SourcePosition?]
    /// By definition and word: where the items of words written as lists stand.
    let itemPositions: [Int: [String: [SourcePosition]]]

    /// Values that change together: one key of a grid, all keys of a zip, all keys drawn at random, or the seeds.
    struct Axis: Sendable {
        /// For messages: "K", "zip", "random", "seeds".
        let label: String
        let columns: [Column]
        let count: Int

        struct Column: Sendable {
            let definition: Int
            let values: SweptValues
        }
    }

    /// One text under `where:`.
    struct Condition: Sendable {
        let expression: Expression
        let position: SourcePosition
        /// The definitions that the expression's names stand for.
        let definitions: [Int]
    }
}
