/// Rows kept one after the other, up to a number known before: the features of samples that pass by chunk by chunk, for
/// a second look that needs what only the first one tells (class means), without computing them again.
public final class RowStore<Scalar: BLASScalar> {
    private let buffer: Buffer<Scalar>
    /// How many rows there is room for.
    public let capacity: Int
    public let columns: Int
    /// How many rows are there.
    public private(set) var count = 0

    /// Room for `capacity` rows; nil if that takes more than `byteLimit` bytes.
    public init?(capacity: Int, columns: Int, byteLimit: Int) {
        precondition(capacity >= 0 && columns >= 0, "shape of a row store")
        let (numbers, overflow) = capacity.multipliedReportingOverflow(by: columns)
        guard !overflow, numbers <= byteLimit / MemoryLayout<Scalar>.stride else { return nil }
        (self.capacity, self.columns) = (capacity, columns)
        buffer = Buffer(count: numbers)
    }

    /// Adds a copy of the rows, for which there must be room.
    public func append(_ rows: FeatureRows<Scalar>) {
        precondition(rows.columns == columns && rows.rows <= capacity - count, "rows that do not fit a row store")
        (buffer.start + count * columns).update(from: rows.start, count: rows.rows * columns)
        count += rows.rows
    }

    /// Forgets all rows and keeps the memory.
    public func removeAll() { count = 0 }

    /// All rows, in the order they were added; valid while the store lives and is not added to.
    public var rows: FeatureRows<Scalar> { buffer.featureRows(rows: count, columns: columns) }
}
