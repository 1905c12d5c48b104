# The prelude of generated code (engine/compiled/prelude/*.h) as text inside of the engine: those headers are compiled by
# tests as they stand, and printed at the top of what compiled mode generates.
set(PRELUDE_PARTS "")
foreach(part abi team vectors math products)
  set(file ${CMAKE_SOURCE_DIR}/engine/compiled/prelude/${part}.h)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  string(APPEND PRELUDE_PARTS "constexpr std::string_view ${part} = R\"prelude(${text})prelude\";\n")
endforeach()
configure_file(${CMAKE_SOURCE_DIR}/cmake/prelude_files.h.in ${CMAKE_BINARY_DIR}/generated/engine/compiled/prelude_files.h @ONLY)
target_include_directories(bv2_engine PRIVATE ${CMAKE_BINARY_DIR}/generated)
