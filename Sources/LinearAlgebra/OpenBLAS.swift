import COpenBLAS

#if canImport(Glibc)
    import Glibc
#endif

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

    /// Has OpenBLAS take the memory it needs besides matrices, 128 MiB of address space in one piece, which it keeps. False
    /// where a limit forbids it: OpenBLAS would ask for it forever.
    public static func reserveMemory() -> Bool {
        let bytes = 144 << 20
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { return false }
        munmap(memory, bytes)
        let order = 128
        let (a, c) = (Buffer<Double>(count: order * order), Buffer<Double>(count: order * order))
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasNoTrans, blasint(order), blasint(order), 1, a.start, blasint(order), 0,
            c.start, blasint(order))
        return true
    }

    public static var threads: Int { Int(openblas_get_num_threads()) }
}
