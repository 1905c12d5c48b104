# One shared library a layer. Shared, so that the program and the benchmark modules it loads have one copy of each.

# bv2_layer(NAME DEPENDS public... PRIVATE private...): all sources below the folder NAME. What it links is what it may include.
function(bv2_layer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  add_library(bv2_${name} SHARED ${sources})
  add_library(benchmark_v2::${name} ALIAS bv2_${name})
  target_include_directories(bv2_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include/benchmark_v2>)
  target_compile_features(bv2_${name} PUBLIC cxx_std_20)
  target_link_libraries(bv2_${name} PUBLIC ${ARG_DEPENDS} PRIVATE $<BUILD_INTERFACE:bv2_compile_options> ${ARG_PRIVATE})
  set_target_properties(bv2_${name} PROPERTIES OUTPUT_NAME benchmark_v2_${name} EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endfunction()
