// OpenBLAS for Swift: CBLAS from its own header, and LAPACK's Fortran symbols, which Debian's build exports
// without a C header (LAPACKE is a package of its own). Fortran passes everything by address; the hidden
// length arguments of the one-character strings follow gfortran's ABI (size_t at the end).
#pragma once
#include <cblas.h>
#include <stddef.h>

// Eigenvalues and eigenvectors of a symmetric matrix, divide and conquer (LAPACK DSYEVD).
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, size_t jobz_length, size_t uplo_length);

// Singular values and vectors, divide and conquer (LAPACK DGESDD).
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info,
             size_t jobz_length);

// Factorisation of a symmetric indefinite matrix, and solution of systems with it (LAPACK DSYTRF, DSYTRS).
void dsytrf_(const char *uplo, const int *n, double *a, const int *lda, int *ipiv, double *work, const int *lwork,
             int *info, size_t uplo_length);
void dsytrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, const int *ipiv,
             double *b, const int *ldb, int *info, size_t uplo_length);

// Solution of a symmetric positive definite system by Cholesky (LAPACK DPOSV).
void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb,
            int *info, size_t uplo_length);

// Square roots for loops: the C library's, which Swift's squareRoot() calls, sets errno for negative numbers, and with
// that no loop becomes vector instructions.
static inline float ncsweep_square_root_float(float x) { return __builtin_elementwise_sqrt(x); }
static inline double ncsweep_square_root_double(double x) { return __builtin_elementwise_sqrt(x); }

// Numbers that a vector register of the CPUs compiled for holds: 64 bytes with AVX-512, otherwise 32.
#ifdef __AVX512F__
#define NCSWEEP_VECTOR_BYTES 64
#else
#define NCSWEEP_VECTOR_BYTES 32
#endif
typedef float ncsweep_float_lanes __attribute__((ext_vector_type(NCSWEEP_VECTOR_BYTES / 4)));
typedef double ncsweep_double_lanes __attribute__((ext_vector_type(NCSWEEP_VECTOR_BYTES / 8)));

// The larger of two numbers in each lane, the first where one is NaN: Swift's own (`replacing(with:where:)`) is made lane by
// lane where the type of the vectors is generic.
static inline __attribute__((always_inline)) ncsweep_float_lanes ncsweep_maximum_float(
    ncsweep_float_lanes a, ncsweep_float_lanes b) {
    return b > a ? b : a;
}
static inline __attribute__((always_inline)) ncsweep_double_lanes ncsweep_maximum_double(
    ncsweep_double_lanes a, ncsweep_double_lanes b) {
    return b > a ? b : a;
}
