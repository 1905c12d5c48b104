# Installs BUILD_DIR below WORK_DIR, builds the benchmark of PROJECT_DIR against it, and lets the installed program
# run it from a folder that has nothing to do with the source tree.
file(REMOVE_RECURSE ${WORK_DIR})
set(prefix ${WORK_DIR}/prefix)
set(flags "")
if(SANITIZER)
  set(flags -fsanitize=${SANITIZER})
endif()

function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "status ${status}: ${command}\n${output}\n${errors}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

step(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})
step(${CMAKE_COMMAND} -S ${PROJECT_DIR} -B ${WORK_DIR}/build -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_CXX_FLAGS=${flags} -DCMAKE_BUILD_TYPE=Release)
step(${CMAKE_COMMAND} --build ${WORK_DIR}/build)

# The installed program finds its own modules.
step(${prefix}/bin/run_benchmarks list --include llama --format json)
string(JSON first GET "${output}" 0 benchmark)
if(NOT first STREQUAL "llama")
  message(FATAL_ERROR "the installed program lists '${first}', llama was expected:\n${output}")
endif()

step(${prefix}/bin/run_benchmarks run --benches-dir ${WORK_DIR}/build --include counting --output-dir ${WORK_DIR}/results
  --level 0 --num-tokens-to-generate 7 --measurement-iterations 2 --format json)
string(JSON status GET "${output}" 0 benchmark_scenarios 0 status)
string(JSON tokens LENGTH "${output}" 0 benchmark_scenarios 0 output token_ids)
string(JSON count GET "${output}" 0 benchmark_scenarios 0 measurements latency count)
if(NOT status STREQUAL "success" OR NOT tokens EQUAL 7 OR NOT count EQUAL 2)
  message(FATAL_ERROR "status ${status}, ${tokens} tokens, ${count} latencies; success, 7 and 2 were expected:\n${output}")
endif()

file(GLOB documents ${WORK_DIR}/results/counting-model/counting-model_benchmark_*.json)
list(LENGTH documents count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "${count} result documents in ${WORK_DIR}/results, one was expected")
endif()
file(READ ${documents} document)
string(JSON name GET "${document}" benchmark)
if(NOT name STREQUAL "counting-model")
  message(FATAL_ERROR "the document is of '${name}', counting-model was expected")
endif()
