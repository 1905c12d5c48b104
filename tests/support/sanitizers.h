// What a sanitizer changes for a test.
#pragma once

namespace bv2::test {

// Sanitizers keep shadow memory and freed blocks.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// Whether this process has no more memory than its program asks for.
constexpr bool memory_is_ours = false;
#else
constexpr bool memory_is_ours = true;
#endif

#if defined(__SANITIZE_THREAD__)
/// Whether each page that is written costs others: four of the thread sanitizer's.
constexpr bool pages_have_shadows = true;
#else
constexpr bool pages_have_shadows = false;
#endif

}  // namespace bv2::test
