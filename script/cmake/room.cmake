# SPDX-License-Identifier: Apache-2.0
#
# Turns the table src/rooms.txt into one static library per room. A room without a .c file is
# left out, and so are its pkg-config libraries, so that a half-furnished house still builds.

# Reads the table into TV_ROOMS, TV_ROOM_<room>_USES and TV_ROOM_<room>_PACKAGES.
macro(tv_rooms_read table)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${table}")
    file(STRINGS "${table}" rows REGEX "^[a-z]")
    set(TV_ROOMS "")
    foreach(row IN LISTS rows)
        string(REPLACE "|" ";" cells "${row}")
        list(GET cells 0 room)
        list(GET cells 1 uses)
        list(GET cells 2 packages)
        string(STRIP "${room}" room)
        separate_arguments(TV_ROOM_${room}_USES UNIX_COMMAND "${uses}")
        separate_arguments(TV_ROOM_${room}_PACKAGES UNIX_COMMAND "${packages}")
        list(APPEND TV_ROOMS ${room})
    endforeach()
endmacro()

# Adds the library tv_<room> from src/<room>/**.c; main.c is the daemon's, not the library's.
function(tv_room_add room)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${room}/*.c")
    list(FILTER sources EXCLUDE REGEX "/src/${room}/main\\.c$")
    if(NOT sources)
        return()
    endif()
    add_library(tv_${room} STATIC ${sources})
    target_link_libraries(tv_${room} PUBLIC tv_flags)
    foreach(package IN LISTS TV_ROOM_${room}_PACKAGES)
        pkg_check_modules(${package} REQUIRED IMPORTED_TARGET GLOBAL ${package})
        target_link_libraries(tv_${room} PUBLIC PkgConfig::${package})
    endforeach()
    foreach(used IN LISTS TV_ROOM_${room}_USES)
        if(TARGET tv_${used})
            target_link_libraries(tv_${room} PUBLIC tv_${used})
        endif()
    endforeach()
endfunction()

# Sets `out` to the libraries of all rooms that have sources and are part of the daemon: the rooms that it
# may include itself, and itself.
function(tv_room_libraries out)
    set(found "")
    foreach(room IN LISTS TV_ROOM_daemon_USES ITEMS daemon)
        if(TARGET tv_${room})
            list(APPEND found tv_${room})
        endif()
    endforeach()
    set(${out} ${found} PARENT_SCOPE)
endfunction()

# Adds the executable traversiond once the daemon room has its main.c.
function(tv_daemon_add)
    file(GLOB main CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/daemon/main.c")
    if(NOT main)
        return()
    endif()
    add_executable(traversiond ${main})
    tv_room_libraries(libraries)
    target_link_libraries(traversiond PRIVATE tv_flags ${libraries})
endfunction()
