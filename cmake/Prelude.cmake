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
# For the one file that reads it: another folder for all of them would compile each anew.
set_source_files_properties(${CMAKE_SOURCE_DIR}/engine/compiled/code_text.cpp PROPERTIES
  INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/generated)
