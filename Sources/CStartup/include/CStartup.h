// What the program must ask in C: its own build, and system calls that Swift's importer does not see.
//
// Linking this target also refuses to start on a CPU that lacks instructions this program was compiled for, with one line that says so,
// before any compiled-for-this-CPU code can die of an illegal instruction.
#pragma once

// The instruction-set level the program was compiled for, e.g. "x86-64-v3".
const char *ncsweep_compiled_cpu_level(void);

// The git revision the program was built from, "unknown" outside a checkout.
const char *ncsweep_revision(void);

// Asks the kernel to send this process a SIGTERM when the one that started it dies (Linux; elsewhere nothing).
void ncsweep_end_with_parent(void);

// How many cores the kernel lets this process run on; 0 where it cannot be asked.
int ncsweep_allowed_cores(void);

// What `top` and `pkill` call this process: up to 15 characters (Linux; elsewhere nothing).
void ncsweep_set_process_name(const char *name);
