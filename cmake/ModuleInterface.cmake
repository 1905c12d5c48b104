# How modules of benchmarks tell the program which headers they were built against: each refers to a symbol whose name has a
# digest of those that modules are written against, and of all of ours that these include. Only a program of the same
# headers has it; the loader refuses others before any of the module's code runs.
set(headers framework/model_benchmark.h benches/common/engine_benchmark.h)
set(contents "")
set(next 0)
list(LENGTH headers count)
while(next LESS count)
  list(GET headers ${next} header)
  set(file ${CMAKE_SOURCE_DIR}/${header})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(SHA256 ${file} digest)
  string(APPEND contents "${header} ${digest}\n")
  file(STRINGS ${file} included REGEX "^#include \"")
  list(TRANSFORM included REPLACE "^#include \"(.*)\".*" "\\1")
  list(APPEND headers ${included})
  list(REMOVE_DUPLICATES headers)
  list(LENGTH headers count)
  math(EXPR next "${next} + 1")
endwhile()
string(SHA256 MODULE_INTERFACE "${contents}")
string(SUBSTRING ${MODULE_INTERFACE} 0 16 MODULE_INTERFACE)

set(BV2_MODULE_MARK ${CMAKE_BINARY_DIR}/generated/module_mark.cpp)
configure_file(${CMAKE_SOURCE_DIR}/cmake/module_mark.cpp.in ${BV2_MODULE_MARK} @ONLY)
configure_file(${CMAKE_SOURCE_DIR}/cmake/module_interface.cpp.in ${CMAKE_BINARY_DIR}/generated/module_interface.cpp @ONLY)
target_sources(bv2_framework PRIVATE ${CMAKE_BINARY_DIR}/generated/module_interface.cpp)

# bv2_benchmark_module(TARGET NAME FOLDER SOURCES...): FOLDER/NAME.so.
function(bv2_benchmark_module target name folder)
  add_library(${target} MODULE ${ARGN} ${BV2_MODULE_MARK})
  target_link_libraries(${target} PRIVATE bv2_compile_options benchmark_v2::framework)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${folder})
endfunction()
