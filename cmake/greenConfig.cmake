# SPDX-License-Identifier: MIT
# find_package(green): green::shared, green::static, and green::green, which is
# the shared one unless BUILD_SHARED_LIBS is set and off.
include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/greenTargets.cmake)
if(NOT TARGET green::green)
    if(DEFINED BUILD_SHARED_LIBS AND NOT BUILD_SHARED_LIBS)
        add_library(green::green ALIAS green::static)
    else()
        add_library(green::green ALIAS green::shared)
    endif()
endif()
