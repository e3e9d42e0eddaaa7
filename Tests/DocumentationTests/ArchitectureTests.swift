import Foundation
import Testing

/// The arrows of docs/ARCHITECTURE.md are those of Package.swift and those of the sources.
@Suite struct ArchitectureTests {
    /// Targets in their order, with what they depend on.
    typealias Arrows = [(target: String, dependencies: Set<String>)]

    static func documented() throws -> Arrows {
        let text = try Repository.text("docs/ARCHITECTURE.md")
        let table = text.components(separatedBy: "| target | holds | imports |\n")[1].components(separatedBy: "\n\n")[0]
        return table.split(separator: "\n").dropFirst().map { row in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let names = cells[2].matches(of: /`(\w+)`/).map { String($0.1) }
            return (cells[0].trimmingCharacters(in: CharacterSet(charactersIn: "`")), Set(names))
        }
    }

    static func declared() throws -> Arrows {
        let manifest = try Repository.text("Package.swift")
        let targets = manifest.components(separatedBy: "\n    targets: [\n")[1]
        // From one target's beginning to the next one's.
        let parts = targets.components(separatedBy: "\n        .").map { $0.trimmingCharacters(in: .whitespaces) }
        return parts.compactMap { part in
            guard let kind = part.firstMatch(of: /^\.?(systemLibrary|target|executableTarget)\(\s*name: "(\w+)"/)
            else { return nil }
            // What only tests use is no part of the program.
            guard !part.contains("path: \"Tests/") else { return nil }
            var dependencies = Set<String>()
            if let list = part.firstMatch(of: /dependencies: \[([\s\S]*)\]/) {
                let products = String(list.1).replacing(/package: "[^"]*"/, with: "")
                dependencies = Set(products.matches(of: /"(\w+)"/).map { String($0.1) })
            }
            return (String(kind.2), dependencies)
        }
    }

    @Test func theTableIsThePackage() throws {
        let (documented, declared) = (try Self.documented(), try Self.declared())
        #expect(declared.count >= 10)
        #expect(documented.map(\.target) == declared.map(\.target))
        for (row, target) in zip(documented, declared) {
            #expect(row.dependencies == target.dependencies, "\(target.target)")
        }
    }

    @Test func arrowsPointUpTheTable() throws {
        var above = Set<String>()
        let targets = Set(try Self.documented().map(\.target))
        for row in try Self.documented() {
            let below = row.dependencies.intersection(targets).subtracting(above)
            #expect(below.isEmpty, "\(row.target) depends on \(below), which the table has below it")
            above.insert(row.target)
        }
    }

    /// Swift lets a file import what only a dependency declares; that hides an arrow.
    @Test func importsAreDeclared() throws {
        let declared = try Self.declared()
        let modules = declared.reduce(into: Set(declared.map(\.target))) { $0.formUnion($1.dependencies) }
        for (target, dependencies) in declared {
            let imported = try Self.imports(of: target).intersection(modules)
            #expect(imported.subtracting(dependencies).isEmpty, "\(target) imports what Package.swift does not declare")
            // Linked for what it does before `main`.
            let unused = dependencies.subtracting(imported).subtracting(["CStartup"])
            #expect(
                unused.isEmpty, "Package.swift declares what \(target) does not import: \(unused)")
        }
    }

    static func imports(of target: String) throws -> Set<String> {
        let folder = Repository.root.appendingPathComponent("Sources/\(target)")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var imports = Set<String>()
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                if let match = line.firstMatch(of: /^(?:@\w+ |public |package |internal )?import (\w+)/) {
                    imports.insert(String(match.1))
                }
            }
        }
        return imports
    }
}
