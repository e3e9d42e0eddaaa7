// NeuralCollapse
