// Refuses to start on a CPU that lacks instructions this program was compiled for, with one line that says so,
// before any compiled-for-this-CPU code can die of an illegal instruction. Linking this target is enough.
#pragma once

// The instruction-set level the program was compiled for, e.g. "x86-64-v3".
const char *ncsweep_compiled_cpu_level(void);

// The git revision the program was built from, "unknown" outside a checkout.
const char *ncsweep_revision(void);
