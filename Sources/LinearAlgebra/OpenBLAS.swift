import COpenBLAS

/// What the loaded OpenBLAS is and how it is set up.
public enum OpenBLAS {
    /// The kernels in use, e.g. "Haswell" or "SkylakeX".
    public static var kernel: String { String(cString: openblas_get_corename()) }

    /// What rounds the products: the kernels, and the matrix unit where it is in use.
    public static var productKernels: String { TileProduct.isInUse ? kernel + " and AMX" : kernel }

    /// Version, build options and kernels in one line.
    public static var configuration: String {
        String(cString: openblas_get_config()).split(separator: " ").joined(separator: " ")
    }

    /// One thread for every product: a thread count would change the order of sums and so the bits.
    public static func useOneThread() { openblas_set_num_threads(1) }

    public static var threads: Int { Int(openblas_get_num_threads()) }
}
