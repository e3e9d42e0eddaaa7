import Foundation

/// What the program reads from its environment.
enum Environment {
    static var dataFolder: String? { ProcessInfo.processInfo.environment["NCSWEEP_DATA"] }
}
