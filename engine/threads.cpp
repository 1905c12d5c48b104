// The one team of threads.
#include "engine/threads.h"

#include <omp.h>

namespace bv2::engine {

void set_thread_count(std::int64_t count) { omp_set_num_threads(static_cast<int>(count)); }

std::int64_t thread_count() { return omp_get_max_threads(); }

}  // namespace bv2::engine
