#define _GNU_SOURCE
#include "CStartup.h"

#ifdef __linux__
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#endif
#include <string.h>
#include <unistd.h>

#if __has_include("revision.h")
#include "revision.h"  // written by `make`
#else
#define NCSWEEP_REVISION "unknown"
#endif

#if defined(__x86_64__)
// The compiler may use what the command line allows (-march) anywhere, so this file's functions are held to the
// baseline one by one: the check must run on the very CPU it refuses.
#define BASELINE __attribute__((target("arch=x86-64")))

BASELINE static void refuse(const char *feature) {
    static const char before[] = "ncsweep: this CPU lacks ";
    static const char after[] = ", for which the program was compiled; rebuild it here with: make build CPU=native\n";
    (void)!write(2, before, sizeof before - 1);
    (void)!write(2, feature, strlen(feature));
    (void)!write(2, after, sizeof after - 1);
    _exit(1);
}

// 101 is the first priority open to programs: before every other constructor of this executable.
BASELINE __attribute__((constructor(101))) static void check_cpu(void) {
    __builtin_cpu_init();
#ifdef __AVX2__
    if (!__builtin_cpu_supports("avx2")) refuse("AVX2");
#endif
#ifdef __FMA__
    if (!__builtin_cpu_supports("fma")) refuse("FMA");
#endif
#ifdef __BMI2__
    if (!__builtin_cpu_supports("bmi2")) refuse("BMI2");
#endif
#ifdef __AVX512F__
    if (!__builtin_cpu_supports("avx512f")) refuse("AVX-512F");
#endif
#ifdef __AVX512VL__
    if (!__builtin_cpu_supports("avx512vl")) refuse("AVX-512VL");
#endif
#ifdef __AVX512BW__
    if (!__builtin_cpu_supports("avx512bw")) refuse("AVX-512BW");
#endif
#ifdef __AVX512FP16__
    if (!__builtin_cpu_supports("avx512fp16")) refuse("AVX512-FP16");
#endif
}
#endif

const char *ncsweep_compiled_cpu_level(void) {
#if defined(__AVX512F__)
    return "x86-64-v4 or native";
#elif defined(__AVX2__)
    return "x86-64-v3";
#elif defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "generic";
#endif
}

const char *ncsweep_revision(void) { return NCSWEEP_REVISION; }

void ncsweep_end_with_parent(void) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

void ncsweep_set_process_name(const char *name) {
#ifdef __linux__
    prctl(PR_SET_NAME, name);
#endif
}

int ncsweep_allowed_cores(void) {
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return 0;
}
