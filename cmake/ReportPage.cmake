# The page of `run_benchmarks report` as text inside of the framework: our own files of framework/report/page, and the chart
# library as the distribution installed it.
find_file(BV2_D3 d3.min.js PATHS /usr/share/nodejs/d3/dist /usr/share/javascript/d3 REQUIRED
  DOC "D3 version 5 or later, minified (Debian: node-d3)")

# bv2_page_text(NAME FILES...): appends the files, one after another, as the constant NAME.
set(PAGE_PARTS "")
function(bv2_page_text name)
  set(text "")
  foreach(file ${ARGN})
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} part)
    string(APPEND text "${part}")
  endforeach()
  set(PAGE_PARTS "${PAGE_PARTS}constexpr std::string_view ${name} = R\"page(${text})page\";\n" PARENT_SCOPE)
endfunction()

set(page ${CMAKE_SOURCE_DIR}/framework/report/page)
bv2_page_text(html ${page}/report.html)
bv2_page_text(style ${page}/report.css)
bv2_page_text(library ${BV2_D3})
bv2_page_text(scripts ${page}/format.js ${page}/dom.js ${page}/charts.js ${page}/modes.js ${page}/tokens.js ${page}/profile.js
  ${page}/memory.js ${page}/history.js ${page}/environment.js ${page}/report.js)
configure_file(${CMAKE_SOURCE_DIR}/cmake/page_files.h.in ${CMAKE_BINARY_DIR}/generated/framework/report/page_files.h @ONLY)
# For the one file that reads it: another folder for all of them would compile each anew.
set_source_files_properties(${CMAKE_SOURCE_DIR}/framework/report/report_page.cpp PROPERTIES
  INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/generated)
