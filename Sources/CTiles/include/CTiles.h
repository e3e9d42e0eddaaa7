// The matrix unit of newer Intel CPUs (AMX, from Sapphire Rapids on), for which Swift has no intrinsics: tiles of
// 16 rows of 64 bytes, and the product of two tiles of bfloat16 numbers, added up in float32.
//
// A float32 has a significand of 24 bits, a bfloat16 one of 8 and the same exponent, so three bfloat16 numbers hold a
// float32 without a loss: x = high + middle + low. Of the nine products of two such sums the six largest are formed;
// those left out are at most 2⁻²⁴ of |a·b|, as much as rounding one product to float32 (Henry, Tang, Heinecke,
// "Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision Computations", ARITH 2019). The unit takes
// numbers below 2⁻¹²⁶ for zero: parts of float32 numbers are, from 2⁻¹⁰³ on down.
//
// A panel holds 32 lines (rows of the left operand, columns of the right one) of `depth` numbers in blocks of 32: six
// tiles each, two of high parts, two of middle and two of low ones. A 32-bit word of a tile holds the parts of the
// numbers k and k + 16 of a block; the left operand has a line in each row of a tile, the right one in each column.
#pragma once
#include <stdbool.h>

// Bytes of a block of 32 lines × 32 numbers.
#define NCSWEEP_TILES_BLOCK_BYTES 6144

// Whether this CPU has the unit and the system lets this process use it. Asks the system each time.
bool ncsweep_tiles_permitted(void);

// This thread's memory for panels: `bytes` of them, kept for the next call, freed where the thread ends. NULL if there
// is none. Its content is undefined.
void *ncsweep_tiles_workspace(long bytes);

// Between these two the unit is this thread's; nothing is kept in it outside of them.
void ncsweep_tiles_begin(void);
void ncsweep_tiles_end(void);

// Splits `lines` ≤ 32 lines of `depth` numbers into a panel, zeros where there are less. In the memory of `source` the numbers
// of a line are neighbours and lines are `stride` numbers apart, or, where `across`, the other way round.
void ncsweep_tiles_split_left(const float *source, long stride, bool across, long lines, long depth, void *panel);
void ncsweep_tiles_split_right(const float *source, long stride, bool across, long lines, long depth, void *panel);

// c ← left · right of 32 × 32 numbers, rows `stride` numbers apart, from panels of so many blocks.
void ncsweep_tiles_multiply(const void *left, const void *right, long blocks, float *c, long stride);
