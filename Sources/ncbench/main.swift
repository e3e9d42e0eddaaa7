print("ncbench")
