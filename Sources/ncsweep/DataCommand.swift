import ArgumentParser
import Learning
import MPI
import Reports
import Runner

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "List the data sets there are, and get those there could be.",
        subcommands: [DataListCommand.self, DataFetchCommand.self], defaultSubcommand: DataListCommand.self)
}

struct DataListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List data sets: what is found, where, and how to get others.")

    @Argument(help: "Only these; made ones too, such as 'gaussian(K=4,d=32,n=500)'.")
    var names: [String] = []

    @OptionGroup var data: DataOptions

    func run() throws {
        guard MPIEnvironment.launchedRank == 0 else { return }
        let catalogue = data.catalogue
        let listings = names.isEmpty ? catalogue.listings() : names.map(catalogue.look)
        try StandardOutput.write { output in
            try output.write(Self.table(listings))
            guard names.isEmpty else { return }
            try output.write("\nlooked in: \(catalogue.roots.joined(separator: ", "))\n")
            let missing = PublicDataSet.all.filter { known in !listings.contains { $0.name == known.name } }
            guard !missing.isEmpty else { return }
            try output.write("\nnot here:\n")
            try output.write(Self.advice(missing))
        }
        for listing in listings {
            guard case .failure(let error) = listing.content else { continue }
            printError(error)
        }
        if listings.contains(where: { if case .failure = $0.content { true } else { false } }) { throw ExitCode(1) }
    }

    /// A line for each, and one for those that come together.
    private static func advice(_ missing: [PublicDataSet]) -> String {
        var groups: [[PublicDataSet]] = []
        for known in missing {
            if groups.last?.first?.folder == known.folder {
                groups[groups.count - 1].append(known)
            } else {
                groups.append([known])
            }
        }
        let lines = groups.map { group in
            let names = group.count > 1 ? " (\(group.map(\.name).joined(separator: ", ")) together)" : ""
            let (first, name) = (group[0], group.count > 1 ? group[0].folder : group[0].name)
            return (name, "\(first.summary)\(names), \(first.megabytes) MB; \(first.advice)")
        }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { "  \($0.padded(to: width))  \($1)\n" }.joined()
    }

    /// Of those that can be read.
    private static func table(_ listings: [DataSetCatalogue.Listing]) -> String {
        var rows: [[String]] = []
        for listing in listings {
            guard case .success(let summary) = listing.content, let location = listing.location else { continue }
            rows.append([
                listing.name, location.format, summary.sampleShape.map(String.init).joined(separator: "×"),
                summary.element == .byte ? "bytes" : "floats", String(summary.classes),
                String(summary.trainingSamples), String(summary.testSamples), location.folder ?? "-",
            ])
        }
        guard !rows.isEmpty else { return "no data sets\n" }
        rows.insert(["name", "format", "shape", "values", "classes", "training", "test", "where"], at: 0)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { column in
                // Numbers to the right, the last column as long as it is.
                column == row.count - 1
                    ? row[column] : row[column].padded(to: widths[column], atStart: (4...6).contains(column))
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}

struct DataFetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Download a public data set and verify its checksum.",
        discussion: "Goes into the folder given by --data, or by NCSWEEP_DATA. Needs curl, and a network.")

    @Argument(help: "Its name, as `ncsweep data` lists it.")
    var name: String

    @OptionGroup var data: DataOptions

    func validate() throws {
        guard PublicDataSet.named(name) != nil else {
            let known = PublicDataSet.all.filter(\.isFetchable).map(\.name).joined(separator: ", ")
            throw ValidationError("'\(name)' is no public data set that is known here (known: \(known))")
        }
    }

    func run() throws {
        guard MPIEnvironment.launchedRank == 0, let set = PublicDataSet.named(name) else { return }
        let folders = [data.folder, Environment.dataFolder].compactMap { $0 }.filter { !$0.isEmpty }
        guard let folder = folders.first else {
            throw ValidationError("say where to put it: --data DIR, or NCSWEEP_DATA=DIR")
        }
        _ = try DataSetDownload(set, into: folder, say: printLine).run()
    }
}

extension String {
    fileprivate func padded(to width: Int, atStart: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, width - count))
        return atStart ? spaces + self : self + spaces
    }
}
