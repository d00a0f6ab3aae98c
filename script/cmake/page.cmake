# SPDX-License-Identifier: Apache-2.0
#
# The dashboard inside the binary: web/ is built by Vite, every file of the result is gzipped
# and becomes a byte array of a generated C file, library tv_page. The table that leads to the
# arrays is declared in src/api/page.h. Gzipped at build time because the daemon then serves
# the bytes as they lie in the binary.

# Adds tv_page and links it into the api room; does nothing until src/api/page.h exists.
function(tv_page_add)
    file(GLOB header CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/api/page.h")
    if(NOT header OR NOT TARGET tv_api)
        return()
    endif()
    set(generated "${CMAKE_BINARY_DIR}/page/page_files.c")
    if(TRAVERSION_WEB AND EXISTS "${CMAKE_SOURCE_DIR}/web/package-lock.json")
        tv_page_from_web("${generated}")
    else()
        tv_page_empty("${generated}")
    endif()
    add_library(tv_page STATIC "${generated}")
    target_link_libraries(tv_page PUBLIC tv_flags)
    target_link_libraries(tv_api PUBLIC tv_page)
endfunction()

# Generates the file by running the web build.
function(tv_page_from_web generated)
    set(web "${CMAKE_SOURCE_DIR}/web")
    find_program(TV_NPM npm REQUIRED)
    find_program(TV_NODE NAMES node nodejs REQUIRED)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/src/*" "${web}/public/*")
    file(GLOB settings CONFIGURE_DEPENDS "${web}/*.html" "${web}/*.json" "${web}/*.ts" "${web}/*.js"
        "${web}/*.mjs")
    set(tools "${CMAKE_SOURCE_DIR}/script/cmake/page.sh" "${CMAKE_SOURCE_DIR}/script/cmake/embed.mjs")
    add_custom_command(OUTPUT "${generated}"
        COMMAND "${CMAKE_SOURCE_DIR}/script/cmake/page.sh" "${web}" "${generated}"
        DEPENDS ${sources} ${settings} ${tools} "${CMAKE_SOURCE_DIR}/docs/sending.md"
        COMMENT "Building the dashboard"
        VERBATIM)
endfunction()

# Generates an empty table, for builds that only want the C part.
function(tv_page_empty generated)
    file(CONFIGURE OUTPUT "${generated}" CONTENT [[
/* SPDX-License-Identifier: Apache-2.0 */
#include "api/page.h"

const struct tv_page_file tv_page_files[] = {{0}};
const size_t tv_page_file_count = 0;
]])
endfunction()
