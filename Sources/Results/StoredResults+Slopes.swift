import GRDB
import Sweeps

extension StoredResults {
    /// The least-squares slope over the series of a trial; nil with fewer than two points, or with one that is not
    /// finite. Points are where every metric that the slope names is defined.
    ///
    /// A metric that is measured of layers stands, over steps and epochs, for the features, the last of the layers, as
    /// it does in the table of results.
    public func value(of slope: Expression.Slope, in trial: TrialID) throws -> Double? {
        switch slope.axis {
        case .layer:
            var places: [String: Double] = [:]
            for layer in try lastMeasuredLayers(of: trial) { places[layer] = Double(places.count) }
            let lastStep = try lastStep(of: trial)
            return try value(of: slope, in: trial) { $0.step == lastStep ? places[$0.layer] : nil }
        case .step: return try value(of: slope, in: trial) { Double($0.step) }
        case .epoch: return try value(of: slope, in: trial) { $0.epoch }
        }
    }

    /// - Parameter abscissa: of a measurement; nil where it is not on the line.
    private func value(
        of slope: Expression.Slope, in trial: TrialID, _ abscissa: (Measurement) -> Double?
    ) throws -> Double? {
        // Of several measurements at one place the last one stays, that of the last layer.
        var points: [Double: [Double?]] = [:]
        for (index, metric) in slope.metrics.enumerated() {
            try forEachMeasurement(MeasurementFilter(trial: trial, metric: metric, split: slope.split)) { stored in
                guard let x = abscissa(stored.measurement) else { return }
                points[x, default: Array(repeating: nil, count: slope.metrics.count)][index] = stored.measurement.value
            }
        }
        let line = points.keys.sorted().compactMap { x -> (x: Double, y: Double)? in
            let values = (points[x] ?? []).compactMap { $0 }
            return values.count == slope.metrics.count ? (x, slope.ordinate(values)) : nil
        }
        return Expression.Slope.leastSquares(line)
    }

    private func lastStep(of trial: TrialID) throws(StoreError) -> Int? {
        try read { db in
            try Int.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT max(m.step) FROM trial t CROSS JOIN measurement m ON m.trial = t.number WHERE t.id = ?
                        """), arguments: [trial.description])
        }
    }

    /// The layers of the last measurement, in the order of the network.
    private func lastMeasuredLayers(of trial: TrialID) throws -> [String] {
        guard let step = try lastStep(of: trial) else { return [] }
        return try read { db in
            try String.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT l.text FROM trial t CROSS JOIN measurement m ON m.trial = t.number
                            CROSS JOIN name l ON l.number = m.layer
                        WHERE t.id = ? AND m.step = ? AND l.text <> '' GROUP BY m.layer ORDER BY min(m.position)
                        """), arguments: [trial.description, step])
        }
    }
}
