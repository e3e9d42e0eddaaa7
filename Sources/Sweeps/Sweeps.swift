// Sweeps
