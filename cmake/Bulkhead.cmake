# The build verbs. Every target in the tree is made by one of them, so that flags, layering and test labels are decided once.
#
#   bulkhead_library(NAME SOURCES … DEPS … [NODE] [ALONE SOURCE…])
#                                               a static library, linked as bulkhead::NAME; NODE: for programs that stay in a
#                                               node's memory and wait most of the time, so size matters more than speed
#   bulkhead_executable(NAME SOURCES … DEPS …)   a program for the machine that builds
#   bulkhead_node_executable(NAME SOURCES … DEPS … [STATIC | STATIC_LIBRARIES])
#                                               a program for the image; staged under ${BULKHEAD_NODE_DIR}
#   bulkhead_describe_node_executables()         what is compiled into them, for the SBOM
#   bulkhead_test(NAME LABEL l SOURCES … DEPS … [TIMEOUT s] [READS …] [EACH_CASE])
#                                               a Catch2 program: one ctest entry, or one for each TEST_CASE, for cases that
#                                               take minutes
#   bulkhead_add_test(NAME COMMAND … LABELS … TIMEOUT s [READS …] [ENVIRONMENT …])
#                                               any other ctest entry. READS: the parts of the checkout that it reads, when it
#                                               knows where that is (tools/run-test); all of it when there are none
#   bulkhead_fuzzer(NAME SOURCES … DEPS … CORPUS dir)
#                                               a libFuzzer target; elsewhere the corpus runs as a plain test
#   bulkhead_generated(…)                       a generated source in the build directory

include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # TRY() is a statement expression
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

option(BULKHEAD_WERROR "Treat warnings as errors" OFF)
option(BULKHEAD_GROUPS "Compile the sources of a target in groups" OFF)
option(BULKHEAD_FUZZ "Build libFuzzer targets (needs clang)" OFF)
set(BULKHEAD_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")
set(BULKHEAD_NODE_DIR "${CMAKE_BINARY_DIR}/node" CACHE INTERNAL "Where programs for the image are staged")

file(RELATIVE_PATH BULKHEAD_SOURCE_FROM_BINARY "${PROJECT_BINARY_DIR}" "${PROJECT_SOURCE_DIR}/")
add_library(bulkhead_flags INTERFACE)
target_include_directories(bulkhead_flags INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
target_compile_options(bulkhead_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow
  # No path of the building machine may reach a binary: the image must not depend on where it was built.
  # ccache hands the compiler relative paths (CCACHE_BASEDIR in tools/sdk), and they must give the same names.
  "-ffile-prefix-map=${BULKHEAD_SOURCE_FROM_BINARY}=./"
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=." "-ffile-prefix-map=${PROJECT_BINARY_DIR}=build"
  $<$<BOOL:${BULKHEAD_WERROR}>:-Werror>
  # What is not used is left out when a program of the node is linked.
  $<$<CONFIG:Release>:-ffunction-sections -fdata-sections>
  $<$<CONFIG:Release>:-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -ftrivial-auto-var-init=zero -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # The compiler collects garbage only beyond 1 GB (docs/decisions/0009-compile-time.md).
  target_compile_options(bulkhead_flags INTERFACE --param=ggc-min-heapsize=1000000)
endif()
target_link_options(bulkhead_flags INTERFACE
  -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed -Wl,--build-id=sha1)
if(BULKHEAD_SANITIZE)
  target_compile_options(bulkhead_flags INTERFACE
    "-fsanitize=${BULKHEAD_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(bulkhead_flags INTERFACE "-fsanitize=${BULKHEAD_SANITIZE}")
endif()
if(BULKHEAD_FUZZ)
  target_compile_options(bulkhead_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Compiles several sources of a target as one, so that what they include is parsed and instantiated once: it is most of the
# time (docs/decisions/0009-compile-time.md). The group includes each by its path in the repository, not by where that lies, so
# that ccache knows it from every checkout. Sources that need options of their own stay alone: ALONE. tools/check-layers
# refuses what would mean something else in a group.
function(bulkhead_group_sources result target)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;ALONE")
  set(sources ${arg_SOURCES})
  set(alone ${arg_ALONE})
  foreach(source IN LISTS arg_SOURCES)
    if(IS_ABSOLUTE "${source}" OR NOT source MATCHES "\\.cpp$" OR source STREQUAL "main.cpp")
      list(APPEND alone "${source}")
    endif()
  endforeach()
  list(REMOVE_ITEM sources ${alone})
  list(LENGTH sources count)
  if(NOT BULKHEAD_GROUPS OR count LESS 2)
    set(${result} ${arg_SOURCES} PARENT_SCOPE)
    return()
  endif()
  set(all ${alone})
  math(EXPR groups "(${count} + 7) / 8")
  math(EXPR size "(${count} + ${groups} - 1) / ${groups}")
  set(number 0)
  while(sources)
    list(SUBLIST sources 0 ${size} group)
    list(REMOVE_ITEM sources ${group})
    set(text "")
    foreach(source IN LISTS group)
      file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
      string(APPEND text "#include \"${path}\"\n")
    endforeach()
    set(file "${CMAKE_CURRENT_BINARY_DIR}/groups/${target}_${number}.cpp")
    file(CONFIGURE OUTPUT "${file}" CONTENT "${text}" @ONLY)
    list(APPEND all "${file}")
    math(EXPR number "${number} + 1")
  endwhile()
  set(${result} ${all} PARENT_SCOPE)
endfunction()

function(bulkhead_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NODE" "" "SOURCES;ALONE;DEPS")
  bulkhead_group_sources(sources ${name} SOURCES ${arg_SOURCES} ALONE ${arg_ALONE})
  add_library(bulkhead_${name} STATIC ${sources})
  if(arg_NODE)
    target_compile_options(bulkhead_${name} PRIVATE $<$<CONFIG:Release>:-Os> -ffunction-sections -fdata-sections)
  endif()
  add_library(bulkhead::${name} ALIAS bulkhead_${name})
  target_link_libraries(bulkhead_${name} PUBLIC bulkhead_flags ${arg_DEPS})
endfunction()

function(bulkhead_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  bulkhead_group_sources(sources ${name} SOURCES ${arg_SOURCES})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE bulkhead_flags ${arg_DEPS})
  target_link_options(${name} PRIVATE -pie)
endfunction()

add_custom_target(node-programs COMMENT "Every program for the image")
add_custom_target(fast-tests COMMENT "Unit tests and fuzz targets: what a sanitizer preset runs")

# Programs of the image are stripped copies in one folder, where os-builder finds them by name.
function(bulkhead_node_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "STATIC;STATIC_LIBRARIES" "" "SOURCES;DEPS")
  bulkhead_group_sources(sources ${name} SOURCES ${arg_SOURCES})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE bulkhead_flags ${arg_DEPS})
  target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections $<$<BOOL:${arg_STATIC}>:-Os>)
  target_link_options(${name} PRIVATE -Wl,--gc-sections "-Wl,-Map=$<TARGET_FILE:${name}>.map")
  set_property(GLOBAL APPEND PROPERTY BULKHEAD_NODE_EXECUTABLES ${name})
  if(arg_STATIC)
    # glibc's static-pie keeps address randomization without a dynamic loader; sanitizers need one.
    if(BULKHEAD_SANITIZE)
      target_link_options(${name} PRIVATE -pie)
    else()
      target_link_options(${name} PRIVATE -static-pie)
    endif()
  else()
    target_link_options(${name} PRIVATE -pie)
  endif()
  if(arg_STATIC_LIBRARIES)
    # Linked statically, except glibc: a program that runs for a millisecond must not spend another one on loading libraries.
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc -Wl,-z,pack-relative-relocs)
    # libstdc++ needs only these two functions of libm, and frexp, which libc has as well.
    target_link_options(${name} PRIVATE -Wl,-u,fegetround,-u,fesetround -l:libm.a -l:libc.so.6)
  endif()
  add_dependencies(node-programs ${name})
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${BULKHEAD_NODE_DIR}"
    COMMAND "${CMAKE_STRIP}" --strip-all -o "${BULKHEAD_NODE_DIR}/${name}" "$<TARGET_FILE:${name}>"
    BYPRODUCTS "${BULKHEAD_NODE_DIR}/${name}"
    COMMENT "Staging ${name} for the image" VERBATIM)
endfunction()

# What other packages' code is inside the programs of the image, for the SBOM. Called once, when all of them are known. Sanitizers
# and other linkers are for tests, which read no SBOM.
function(bulkhead_describe_node_executables)
  if(BULKHEAD_SANITIZE OR BULKHEAD_FUZZ OR NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU OR NOT CMAKE_GENERATOR STREQUAL Ninja)
    return()
  endif()
  get_property(names GLOBAL PROPERTY BULKHEAD_NODE_EXECUTABLES)
  set(programs "")
  foreach(name IN LISTS names)
    list(APPEND programs "$<TARGET_FILE:${name}>")
  endforeach()
  set(output "${BULKHEAD_NODE_DIR}/compiled-in.json")
  add_custom_command(OUTPUT "${output}"
    COMMAND "${PROJECT_SOURCE_DIR}/tools/compiled-in" "${PROJECT_BINARY_DIR}" "${output}" ${programs}
    DEPENDS ${names} "${PROJECT_SOURCE_DIR}/tools/compiled-in"
    COMMENT "Describing what is compiled into the programs for the image" VERBATIM)
  add_custom_target(compiled-in DEPENDS "${output}")
  add_dependencies(node-programs compiled-in)
endfunction()

# Through tools/run-test, which knows whether anything has changed since the test passed.
function(bulkhead_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "COMMAND;LABELS;READS;ENVIRONMENT")
  list(TRANSFORM arg_READS PREPEND "--reads=")
  add_test(NAME ${name} COMMAND "${PROJECT_SOURCE_DIR}/tools/run-test" ${name} ${arg_READS} -- ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 4
    ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()

function(bulkhead_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EACH_CASE" "LABEL;TIMEOUT" "SOURCES;ALONE;DEPS;ENVIRONMENT;READS;FIXTURES")
  bulkhead_group_sources(sources ${name} SOURCES ${arg_SOURCES} ALONE ${arg_ALONE})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE bulkhead_flags ${arg_DEPS} Catch2::Catch2WithMain)
  if(arg_LABEL STREQUAL "unit")
    add_dependencies(fast-tests ${name})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600) # for a test that hangs: a busy machine is slow
  endif()
  set(entries ${name})
  if(arg_EACH_CASE)
    bulkhead_count_cases(count ${arg_SOURCES})
    foreach(number RANGE 1 ${count})
      list(APPEND entries ${name}_${number})
    endforeach()
    list(POP_FRONT entries)
  endif()
  set(number 0)
  foreach(entry IN LISTS entries)
    set(part "")
    if(arg_EACH_CASE)
      # Catch2's shards keep the order of the source, so that each one is the case of that number.
      set(part --order decl --shard-count ${count} --shard-index ${number})
      math(EXPR number "${number} + 1")
    endif()
    bulkhead_add_test(${entry} COMMAND "$<TARGET_FILE:${name}>" --colour-mode none ${part} LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT}
      READS ${arg_READS} ENVIRONMENT ${arg_ENVIRONMENT})
    set_tests_properties(${entry} PROPERTIES FIXTURES_REQUIRED "${arg_FIXTURES}")
  endforeach()
endfunction()

# The number of test cases in source files, looked at again when one of them changes.
function(bulkhead_count_cases result)
  set(count 0)
  foreach(source IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    file(STRINGS "${source}" lines REGEX "^TEST_CASE(_METHOD)?\\(")
    list(LENGTH lines more) # a semicolon in a line is escaped
    math(EXPR count "${count} + ${more}")
  endforeach()
  set(${result} ${count} PARENT_SCOPE)
endfunction()

# A fuzz target defines LLVMFuzzerTestOneInput. Without BULKHEAD_FUZZ it is linked with a driver that runs the corpus once.
function(bulkhead_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;DEPS")
  if(BULKHEAD_FUZZ)
    add_executable(${name} ${arg_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME ${name} COMMAND ${name} -max_total_time=20 -timeout=10 -rss_limit_mb=2048
      "${CMAKE_CURRENT_BINARY_DIR}/${name}.found" "${arg_CORPUS}")
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 600)
    file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/${name}.found")
  else()
    add_executable(${name} ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz/run_corpus.cpp")
    bulkhead_add_test(${name} COMMAND "$<TARGET_FILE:${name}>" "${arg_CORPUS}" LABELS fuzz TIMEOUT 600)
  endif()
  target_link_libraries(${name} PRIVATE bulkhead_flags ${arg_DEPS})
  add_dependencies(fast-tests ${name})
endfunction()

# bulkhead_generated(OUTPUT file COMMAND … DEPENDS …): file is relative to ${PROJECT_BINARY_DIR}/generated.
function(bulkhead_generated)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUTPUT" "COMMAND;DEPENDS")
  set(output "${PROJECT_BINARY_DIR}/generated/${arg_OUTPUT}")
  cmake_path(GET output PARENT_PATH directory)
  file(MAKE_DIRECTORY "${directory}")
  add_custom_command(OUTPUT "${output}" COMMAND ${arg_COMMAND} DEPENDS ${arg_DEPENDS}
    COMMENT "Generating ${arg_OUTPUT}" VERBATIM)
endfunction()
