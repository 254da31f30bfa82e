# SPDX-License-Identifier: MIT
# libgreen_patch, lowest file first.
set(patch_sources
    src/patch/call_x86_64.S
    src/patch/call_aarch64.S
    src/patch/escape.c
    src/patch/seam.c
    src/patch/patch.c
    src/patch/environment.c
    src/patch/verify.c
    src/patch/memory.c
    src/patch/interruption.c
    src/patch/handlers.c
    src/patch/attempt.c
    src/patch/transfer.c
    src/patch/message.c
    src/patch/messages.c
    src/patch/connection.c
    src/patch/closing.c
    src/patch/counter.c
    src/patch/flow.c
    src/patch/apart.c
    src/patch/place.c
    src/patch/claim.c
    src/patch/opening.c
    src/patch/letters.c
    src/patch/mailbox.c
    src/patch/multiplex.c
    src/patch/selection.c
    src/patch/timing.c
    src/patch/signals.c
    src/patch/children.c
    src/patch/route_old.c
    src/patch/route.c)
set(patch_originals
    src/patch/original.c
    src/patch/names.c
    src/patch/forks.c
    src/patch/libc_locks.c
    src/patch/callers.c
    src/patch/lot.c
    src/patch/owners.c
    src/patch/mutexes.c
    src/patch/conditions.c
    src/patch/rwlocks.c
    src/patch/semaphores.c
    src/patch/meetings.c
    src/patch/standard.c
    src/patch/libc_streams.c
    src/patch/inside.c
    src/patch/holding.c
    src/patch/use.c
    src/patch/reading.c
    src/patch/writing.c
    src/patch/printing.c
    src/patch/scanning.c
    src/patch/inlined.c)
# Who is waited for may leave by an exception, or the end of his thread.
set_source_files_properties(src/patch/conditions.c src/patch/lot.c
    src/patch/meetings.c PROPERTIES COMPILE_OPTIONS -fexceptions)

# What needs libc's own: behind the shared library, or bent by the static linker.
set(patch_wrapped
    src/patch/wrapped.c
    src/patch/companions.c
    src/patch/names.c
    src/patch/forks.c)
add_library(green_patch_objects OBJECT ${patch_sources})
add_library(green_patch_originals OBJECT ${patch_originals})
add_library(green_patch_wrapped OBJECT ${patch_wrapped})
target_compile_definitions(green_patch_wrapped PRIVATE GREEN_PATCH_WRAPS)
# Names of hooks are functions, and no macros of glibc's.
target_compile_definitions(green_patch_originals PRIVATE __NO_INLINE__)
foreach(objects green_patch_objects green_patch_originals green_patch_wrapped)
    set_target_properties(${objects} PROPERTIES
        POSITION_INDEPENDENT_CODE ON
        C_VISIBILITY_PRESET hidden)
    target_compile_definitions(${objects} PRIVATE _GNU_SOURCE)
    # A hook must not be made of the call that it stands in for.
    target_compile_options(${objects} PRIVATE
        -U_FORTIFY_SOURCE -fno-builtin -iquote ${PROJECT_SOURCE_DIR}/src)
    target_include_directories(${objects} PRIVATE include)
    target_link_libraries(${objects} PRIVATE green_warnings)
endforeach()

add_library(green_patch_static STATIC
    $<TARGET_OBJECTS:green_patch_objects> $<TARGET_OBJECTS:green_patch_wrapped>)
target_link_libraries(green_patch_static PUBLIC green_static)
file(STRINGS cmake/green_patch.options patch_options)
target_link_options(green_patch_static INTERFACE ${patch_options})
add_library(green_patch_shared SHARED
    $<TARGET_OBJECTS:green_patch_objects> $<TARGET_OBJECTS:green_patch_originals>)
target_link_libraries(green_patch_shared PUBLIC green_shared PRIVATE ${CMAKE_DL_LIBS})
target_link_options(green_patch_shared PRIVATE LINKER:-z,now)
foreach(kind static shared)
    add_library(green::patch_${kind} ALIAS green_patch_${kind})
    set_target_properties(green_patch_${kind} PROPERTIES
        OUTPUT_NAME green_patch
        EXPORT_NAME patch_${kind}
        LINKER_LANGUAGE C)
endforeach()
set_target_properties(green_patch_shared PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR})
