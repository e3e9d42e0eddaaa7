// zlib for Swift: the data sets come as gzipped IDX. `gzopen` is a macro on some systems and reads plain files too.
#pragma once
#include <zlib.h>
