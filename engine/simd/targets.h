// The instruction sets that our Highway code is compiled for, the same in every file so that the parts of an
// operation agree on the number of lanes; to be included before any Highway header.
#pragma once

// Accumulators are arrays of vectors, which vectors of unknown size (SVE, RVV) cannot be in: Arm runs NEON.
// SSSE3 machines (before 2008) get the scalar code: one compilation less for each file.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
