# What `cmake --install` puts where, and the package that `find_package(benchmark_v2)` finds there.
include(CMakePackageConfigHelpers)

# Fixed, not GNUInstallDirs: the program looks for its modules in ../lib/benchmark_v2/benches.
set(package_dir lib/cmake/benchmark_v2)
set(modules_dir lib/benchmark_v2/benches)
set(libraries bv2_base bv2_framework bv2_engine bv2_engine_benchmark)

get_directory_property(modules DIRECTORY ${CMAKE_SOURCE_DIR}/benches BUILDSYSTEM_TARGETS)
list(FILTER modules INCLUDE REGEX "^bench_")

set_target_properties(run_benchmarks PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
set_target_properties(${libraries} PROPERTIES INSTALL_RPATH "$ORIGIN")
if(modules)
  set_target_properties(${modules} PROPERTIES INSTALL_RPATH "$ORIGIN/../..")
  install(TARGETS ${modules} LIBRARY DESTINATION ${modules_dir})
endif()
install(TARGETS run_benchmarks RUNTIME DESTINATION bin)
install(TARGETS ${libraries} EXPORT benchmark_v2_targets LIBRARY DESTINATION lib)
install(EXPORT benchmark_v2_targets NAMESPACE benchmark_v2:: DESTINATION ${package_dir})

foreach(layer base framework engine benches/common)
  cmake_path(GET layer PARENT_PATH parent)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/${layer} DESTINATION include/benchmark_v2/${parent} FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/schemas DESTINATION share/benchmark_v2 OPTIONAL)

configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/benchmark_v2-config.cmake.in
  ${CMAKE_BINARY_DIR}/benchmark_v2-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/benchmark_v2-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/benchmark_v2-config.cmake ${CMAKE_BINARY_DIR}/benchmark_v2-config-version.cmake ${BV2_MODULE_MARK}
  DESTINATION ${package_dir})
