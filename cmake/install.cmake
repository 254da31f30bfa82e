# SPDX-License-Identifier: MIT
# What `cmake --install` copies: header, libraries, green.pc, CMake package.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/green)

install(FILES include/green.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS green_static green_shared EXPORT green_targets)
if(TARGET green_patch_shared)
    install(TARGETS green_patch_static green_patch_shared EXPORT green_targets)
    install(FILES cmake/green_patch.options DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET green-run)
    install(TARGETS green_run_engine LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(TARGETS green-run)
endif()
install(EXPORT green_targets NAMESPACE green:: FILE greenTargets.cmake
    DESTINATION ${package_dir})

write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/greenConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES cmake/greenConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/greenConfigVersion.cmake
    DESTINATION ${package_dir})

# green.pc finds its prefix from its own place, so the tree can be moved.
file(RELATIVE_PATH pc_prefix /x/${CMAKE_INSTALL_LIBDIR}/pkgconfig /x)
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
    string(PREPEND pc_prefix "\${pcfiledir}/")
    string(REGEX REPLACE "/$" "" pc_prefix ${pc_prefix})
endif()
configure_file(cmake/green.pc.in green.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/green.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
