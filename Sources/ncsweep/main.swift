print("ncsweep")
