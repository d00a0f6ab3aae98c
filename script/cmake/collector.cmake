# SPDX-License-Identifier: Apache-2.0
#
# libtraversion, for other people's programs: the room src/collector once more as a shared library
# and a static one, its header, a pkg-config file and a CMake package, and the two programs that are
# built on it, the load generator and the example. None of it is part of the daemon.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

function(tv_collector_library name kind)
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/collector/*.c")
    add_library(${name} ${kind} ${sources})
    set_target_properties(${name} PROPERTIES
        OUTPUT_NAME traversion
        EXPORT_NAME ${ARGN}
        C_VISIBILITY_PRESET hidden
        POSITION_INDEPENDENT_CODE ON
        INTERPROCEDURAL_OPTIMIZATION OFF # objects of one compiler's own form are of no use elsewhere
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR})
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:tv_flags> PkgConfig::libcurl Threads::Threads)
    target_include_directories(${name} INTERFACE
        "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>"
        "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
endfunction()

# What finds it: pkg-config and find_package(traversion).
function(tv_collector_package)
    set(folder "${CMAKE_BINARY_DIR}/collector")
    configure_file("${CMAKE_SOURCE_DIR}/script/cmake/traversion.pc.in" "${folder}/traversion.pc" @ONLY)
    configure_package_config_file("${CMAKE_SOURCE_DIR}/script/cmake/traversion-config.cmake.in"
        "${folder}/traversion-config.cmake"
        INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/traversion")
    write_basic_package_version_file("${folder}/traversion-config-version.cmake"
        COMPATIBILITY SameMajorVersion)
    install(FILES "${folder}/traversion.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
        COMPONENT collector)
    install(FILES "${folder}/traversion-config.cmake" "${folder}/traversion-config-version.cmake"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/traversion" COMPONENT collector)
    install(EXPORT traversion NAMESPACE traversion:: FILE traversion-targets.cmake
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/traversion" COMPONENT collector)
endfunction()

function(tv_collector_add)
    tv_collector_library(traversion_shared SHARED traversion)
    tv_collector_library(traversion_static STATIC traversion-static)
    install(TARGETS traversion_shared traversion_static EXPORT traversion COMPONENT collector)
    install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/traversion" TYPE INCLUDE COMPONENT collector)
    tv_collector_package()

    add_executable(traversion-load "${CMAKE_SOURCE_DIR}/src/load/main.c")
    target_link_libraries(traversion-load PRIVATE tv_flags traversion_static)
    install(TARGETS traversion-load COMPONENT collector)
    add_executable(traversion-example "${CMAKE_SOURCE_DIR}/docs/examples/service.c")
    target_link_libraries(traversion-example PRIVATE tv_flags traversion_shared)
endfunction()
