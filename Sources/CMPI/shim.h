// Open MPI's C interface for Swift. Swift's importer skips every macro that casts, and Open MPI's predefined
// handles are such macros, so each one used gets a getter here that gives it back its name.
#pragma once
#include <mpi.h>

// The values of these macros are pointers to objects in libmpi: only C can spell them.
static inline __attribute__((swift_name("getter:worldCommunicator()"))) MPI_Comm ncsweep_world(void) { return MPI_COMM_WORLD; }
static inline __attribute__((swift_name("getter:byteType()"))) MPI_Datatype ncsweep_byte(void) { return MPI_BYTE; }
static inline __attribute__((swift_name("getter:integerType()"))) MPI_Datatype ncsweep_int64(void) { return MPI_INT64_T; }
static inline __attribute__((swift_name("getter:floatType()"))) MPI_Datatype ncsweep_float(void) { return MPI_FLOAT; }
static inline __attribute__((swift_name("getter:sumOperation()"))) MPI_Op ncsweep_sum(void) { return MPI_SUM; }
static inline __attribute__((swift_name("getter:minimumOperation()"))) MPI_Op ncsweep_min(void) { return MPI_MIN; }
static inline __attribute__((swift_name("getter:nullInfo()"))) MPI_Info ncsweep_info_null(void) { return MPI_INFO_NULL; }
static inline __attribute__((swift_name("getter:returnErrors()"))) MPI_Errhandler ncsweep_errors_return(void) { return MPI_ERRORS_RETURN; }
// Null pointers with a cast, which the importer drops as well.
static inline __attribute__((swift_name("getter:ignoreStatus()"))) MPI_Status *ncsweep_status_ignore(void) { return MPI_STATUS_IGNORE; }
