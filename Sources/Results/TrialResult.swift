import Sweeps

/// How a trial ended. Divergence and failure are results too: they are stored, and the sweep goes on.
public enum TrialState: String, Sendable, CaseIterable {
    case done, diverged, failed
}

/// A value known once a trial has ended: its objective, its gap to the optimum, a final metric.
public struct Outcome: Hashable, Sendable {
    public var name: String
    public var value: ParameterValue

    public init(name: String, value: ParameterValue) {
        self.name = name
        self.value = value
    }
}

/// One number measured on the way.
public struct Measurement: Hashable, Sendable {
    /// Optimiser steps made before it, 0 being the initial point.
    public var step: Int
    /// Passes over the training set, where there is one.
    public var epoch: Double?
    /// "" where the metric is of the whole model.
    public var layer: String
    /// "train", "test", or "" where the metric needs no data.
    public var split: String
    public var metric: String
    public var value: Double

    public init(step: Int, epoch: Double? = nil, layer: String, split: String, metric: String, value: Double) {
        self.step = step
        self.epoch = epoch
        self.layer = layer
        self.split = split
        self.metric = metric
        self.value = value
    }
}

/// All that a worker reports of one trial. It travels to the coordinator as `encoded` and is stored once.
public struct TrialResult: Hashable, Sendable {
    public var id: TrialID
    public var state: TrialState
    /// Why it diverged or failed, in one line.
    public var reason: String?
    /// In the order in which their columns should stand; a name occurs once.
    public var outcomes: [Outcome]
    public var measurements: [Measurement]
    /// Unix time, in seconds.
    public var started: Double
    /// Wall time, all attempts' checkpoints included.
    public var seconds: Double
    public var host: String
    public var rank: Int
    /// 1 for the first.
    public var attempt: Int

    public init(
        id: TrialID, state: TrialState, reason: String? = nil, outcomes: [Outcome] = [],
        measurements: [Measurement] = [], started: Double, seconds: Double, host: String, rank: Int, attempt: Int = 1
    ) {
        self.id = id
        self.state = state
        self.reason = reason
        self.outcomes = outcomes
        self.measurements = measurements
        self.started = started
        self.seconds = seconds
        self.host = host
        self.rank = rank
        self.attempt = attempt
    }
}
