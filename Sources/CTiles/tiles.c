#define _GNU_SOURCE
#include "CTiles.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Compiled for the unit's CPUs whatever the rest of the program is compiled for, and called on them alone.
#define TILES __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq")))
typedef __m512i Words;

enum { TILE = 1024, PART = 2 * TILE, BLOCK = NCSWEEP_TILES_BLOCK_BYTES };

bool ncsweep_tiles_permitted(void) {
    // Linux gives a process the unit's state, 8 KiB a thread, when it asks for it (ARCH_REQ_XCOMP_PERM, XTILEDATA).
    return __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
}

typedef struct {
    void *memory;
    long bytes;
} Workspace;
static _Thread_local Workspace workspace;
// Frees the memory of threads that end; without a key it stays.
static pthread_key_t workspace_key;
static bool has_workspace_key;
static pthread_once_t workspace_once = PTHREAD_ONCE_INIT;

static void make_workspace_key(void) { has_workspace_key = pthread_key_create(&workspace_key, free) == 0; }

void *ncsweep_tiles_workspace(long bytes) {
    if (workspace.bytes >= bytes) return workspace.memory;
    // A large page where the system has one: panels are walked from end to end, and each page costs an address look-up.
    const long page = 2 << 20, rounded = (bytes + page - 1) / page * page;
    void *memory = aligned_alloc(page, rounded);
    if (!memory) return NULL;
    madvise(memory, rounded, MADV_HUGEPAGE);
    free(workspace.memory);
    workspace = (Workspace){memory, rounded};
    pthread_once(&workspace_once, make_workspace_key);
    if (has_workspace_key) pthread_setspecific(workspace_key, memory);
    return memory;
}

TILES void ncsweep_tiles_begin(void) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes_per_row[16];
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        shape.bytes_per_row[tile] = 64;
        shape.rows[tile] = 16;
    }
    _tile_loadconfig(&shape);
}

TILES void ncsweep_tiles_end(void) { _tile_release(); }

TILES static inline __mmask16 first_lanes(long count) { return count >= 16 ? 0xffff : count <= 0 ? 0 : (1 << count) - 1; }

TILES static inline Words load(const float *source, __mmask16 lanes) { return _mm512_maskz_loadu_epi32(lanes, source); }

// The part of the numbers that bfloat16 holds: rounded to nearest (ties away from zero) by an addition to the bits, so
// that what is left has no more than 16 significant bits the first time and 8 the second, and subtracting is exact.
TILES static inline Words nearest(Words numbers) {
    const Words half = _mm512_set1_epi32(0x8000), upper = _mm512_set1_epi32((int)0xffff0000);
    return _mm512_and_si512(_mm512_add_epi32(numbers, half), upper);
}

// The same of any numbers: cut off, not rounded, where rounding would make an infinity of a number or, of NaN, a number.
TILES static inline Words nearest_finite(Words numbers) {
    const Words half = _mm512_set1_epi32(0x8000), upper = _mm512_set1_epi32((int)0xffff0000);
    const Words size = _mm512_and_si512(numbers, _mm512_set1_epi32(0x7fffffff));
    const __mmask16 rounds = _mm512_cmplt_epi32_mask(size, _mm512_set1_epi32(0x7f7f8000));
    return _mm512_and_si512(_mm512_mask_add_epi32(numbers, rounds, numbers, half), upper);
}

TILES static inline Words minus(Words numbers, Words part) { return (Words)_mm512_sub_ps((__m512)numbers, (__m512)part); }

TILES static inline void store(Words even, Words odd, char *row) {
    _mm512_store_si512(row, _mm512_or_si512(_mm512_srli_epi32(even, 16), odd));
}

// Writes the three parts of the numbers `even` and `odd` as words, a part at each of `row`, row + PART and row + 2 PART.
TILES static inline void split(Words even, Words odd, char *row) {
    const Words even_high = nearest_finite(even), odd_high = nearest_finite(odd);
    store(even_high, odd_high, row);
    even = minus(even, even_high);
    odd = minus(odd, odd_high);
    const Words even_middle = nearest(even), odd_middle = nearest(odd);
    store(even_middle, odd_middle, row + PART);
    store(minus(even, even_middle), minus(odd, odd_middle), row + 2 * PART);
}

// The transposed of 16 × 16 numbers: pairs, fours, eights, sixteens.
TILES static inline void transpose(Words rows[16]) {
    Words t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        rows[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        rows[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        rows[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        rows[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0xdd);
    }
    for (int i = 0; i < 8; i++) {
        rows[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        rows[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    }
}

// Half a block of an operand: its parts in three tiles. In memory lie 16 rows of up to 16 numbers, `evens` of them with the
// lanes `even`, and as many `next` numbers behind, which are the upper halves of the words.
typedef struct {
    const float *source;
    long stride, next, evens, odds;
    __mmask16 even, odd;
} Half;

TILES static inline Words even_row(const Half *half, long i) {
    return load(half->source + i * half->stride, i < half->evens ? half->even : 0);
}

TILES static inline Words odd_row(const Half *half, long i) {
    return load(half->source + i * half->stride + half->next, i < half->odds ? half->odd : 0);
}

TILES static inline void split_rows(Half half, char *tile) {
    for (long i = 0; i < 16; i++) split(even_row(&half, i), odd_row(&half, i), tile + 64 * i);
}

TILES static inline void split_columns(Half half, char *tile) {
    Words even[16], odd[16];
    for (long i = 0; i < 16; i++) {
        even[i] = even_row(&half, i);
        odd[i] = odd_row(&half, i);
    }
    transpose(even);
    transpose(odd);
    for (long i = 0; i < 16; i++) split(even[i], odd[i], tile + 64 * i);
}

TILES static inline void split_panel(
    const float *source, long stride, bool across, long lines, long depth, bool by_columns, char *tile) {
    for (; depth > 0; depth -= 32, source += across ? 32 * stride : 32, tile += BLOCK) {
        for (int second = 0; second < 2; second++) {
            const long there = lines - 16 * second;
            const Half half =
                across ? (Half){source + 16 * second, stride, 16 * stride, depth, depth - 16, first_lanes(there),
                                first_lanes(there)}
                       : (Half){source + 16 * second * stride, stride, 16, there, there, first_lanes(depth),
                                first_lanes(depth - 16)};
            if (by_columns) {
                split_columns(half, tile + second * TILE);
            } else {
                split_rows(half, tile + second * TILE);
            }
        }
    }
}

TILES void ncsweep_tiles_split_left(const float *source, long stride, bool across, long lines, long depth, void *panel) {
    split_panel(source, stride, across, lines, depth, across, panel);
}

TILES void ncsweep_tiles_split_right(const float *source, long stride, bool across, long lines, long depth, void *panel) {
    split_panel(source, stride, across, lines, depth, !across, panel);
}

// Four tiles of sums, 0 to 3, of two tiles of the left operand, 4 and 5, with two of the right one, 6 and 7. Each step
// loads one operand's next part and keeps the other's.
#define LOAD_LEFT(part) (_tile_loadd(4, left + (part) * PART, 64), _tile_loadd(5, left + (part) * PART + TILE, 64))
#define LOAD_RIGHT(part) (_tile_loadd(6, right + (part) * PART, 64), _tile_loadd(7, right + (part) * PART + TILE, 64))
#define MULTIPLY (_tile_dpbf16ps(0, 4, 6), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(2, 5, 6), _tile_dpbf16ps(3, 5, 7))

TILES void ncsweep_tiles_multiply(const void *left_panel, const void *right_panel, long blocks, float *c, long stride) {
    enum { HIGH, MIDDLE, LOW };
    const char *left = left_panel, *right = right_panel;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (; blocks > 0; blocks--, left += BLOCK, right += BLOCK) {
        LOAD_LEFT(LOW);
        LOAD_RIGHT(HIGH);
        MULTIPLY;
        LOAD_LEFT(MIDDLE);
        MULTIPLY;
        LOAD_RIGHT(MIDDLE);
        MULTIPLY;
        LOAD_LEFT(HIGH);
        MULTIPLY;
        LOAD_RIGHT(LOW);
        MULTIPLY;
        LOAD_RIGHT(HIGH);
        MULTIPLY;
    }
    _tile_stored(0, c, 4 * stride);
    _tile_stored(1, c + 16, 4 * stride);
    _tile_stored(2, c + 16 * stride, 4 * stride);
    _tile_stored(3, c + 16 * stride + 16, 4 * stride);
}

#else

bool ncsweep_tiles_permitted(void) { return false; }
void *ncsweep_tiles_workspace(long bytes) { return 0; }
void ncsweep_tiles_begin(void) {}
void ncsweep_tiles_end(void) {}
void ncsweep_tiles_split_left(const float *source, long stride, bool across, long lines, long depth, void *panel) {}
void ncsweep_tiles_split_right(const float *source, long stride, bool across, long lines, long depth, void *panel) {}
void ncsweep_tiles_multiply(const void *left, const void *right, long blocks, float *c, long stride) {}
#endif
