// UnconstrainedFeatures
