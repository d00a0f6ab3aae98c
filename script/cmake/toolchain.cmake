# SPDX-License-Identifier: Apache-2.0
#
# How every target is compiled: the language, the warnings, the sanitizers. All of it hangs on
# one interface library, tv_flags, so that nothing leaks into a global variable and a target
# that forgets it is easy to see.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

find_program(TV_CCACHE ccache)
if(TV_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${TV_CCACHE}")
endif()

add_library(tv_flags INTERFACE)
target_include_directories(tv_flags INTERFACE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/include")
target_compile_definitions(tv_flags INTERFACE
    _GNU_SOURCE
    TRAVERSION_VERSION="${PROJECT_VERSION}")
target_compile_options(tv_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wcast-qual -Wswitch-enum -Wundef -Wvla -Wwrite-strings -fno-common)
target_link_libraries(tv_flags INTERFACE Threads::Threads m)

if(TRAVERSION_WERROR)
    target_compile_options(tv_flags INTERFACE -Werror)
endif()

if(TRAVERSION_SANITIZE)
    target_compile_options(tv_flags INTERFACE
        -fsanitize=${TRAVERSION_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tv_flags INTERFACE
        -fsanitize=${TRAVERSION_SANITIZE} -fno-sanitize-recover=all)
endif()

if(TRAVERSION_FUZZ)
    target_compile_options(tv_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(TRAVERSION_COVERAGE)
    target_compile_options(tv_flags INTERFACE --coverage)
    target_link_options(tv_flags INTERFACE --coverage)
endif()
