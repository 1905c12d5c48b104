// The instruction sets that our Highway code is compiled for; to be included before any Highway header.
#pragma once

// SSSE3 machines (before 2008) get the scalar code: one compilation less for each file.
#define HWY_DISABLED_TARGETS HWY_SSSE3
