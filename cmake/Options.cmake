# How our code is compiled: standard, warnings, sanitizers, folders of the build.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(BV2_BUILD_TESTS "build the tests" ON)
option(BV2_BUILD_PERF "build the micro-benchmarks" OFF)
set(BV2_SANITIZER "" CACHE STRING "address, undefined or thread")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Warnings are errors in our own code; installed headers that others compile are not affected.
add_library(bv2_compile_options INTERFACE)
target_compile_options(bv2_compile_options INTERFACE -Wall -Wextra -Wconversion -Werror)
# GCC 12 sees overlapping copies in std::string's own code at -O3 (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(bv2_compile_options INTERFACE -Wno-restrict)
endif()
if(BV2_SANITIZER)
  add_compile_options(-fsanitize=${BV2_SANITIZER} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BV2_SANITIZER})
  # GCC documents false warnings of it beside sanitizers; GCC 12 gives them for std::regex.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(bv2_compile_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
