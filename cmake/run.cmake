# SPDX-License-Identifier: MIT
# green-run: the engine, a library that is loaded into programs, and who starts them.
# The engine's files, lowest first; heap.c and line.c are libgreen's.
set(run_sources
    src/run/x86_64.S
    src/run/kernel.c
    src/run/memory.c
    src/heap.c
    src/line.c
    src/run/option.c
    src/run/task.c
    src/run/mask.c
    src/run/action.c
    src/run/pending.c
    src/run/call.c
    src/run/watch.c
    src/run/hub.c
    src/run/attempt.c
    src/run/fifo.c
    src/run/file.c
    src/run/socket.c
    src/run/connection.c
    src/run/poll.c
    src/run/sleep.c
    src/run/futex.c
    src/run/descriptor.c
    src/run/signal_calls.c
    src/run/preempt.c
    src/run/thread.c
    src/run/process.c
    src/run/report.c
    src/run/dispatch.c
    src/run/direct.c
    src/run/names.c
    src/run/start.c)

# The engine stands below libc: it calls nothing of it, and has no thread-local
# variables, since at any time the thread pointer may be any thread's.
add_library(green_run_objects STATIC ${run_sources})
set_target_properties(green_run_objects PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    INTERPROCEDURAL_OPTIMIZATION OFF)
# The number that heap.c sets is not the program's errno.
target_compile_definitions(green_run_objects PRIVATE _GNU_SOURCE
    __errno_location=run_errno)
target_compile_options(green_run_objects PRIVATE $<$<COMPILE_LANGUAGE:C>:
    -ffreestanding -fno-builtin -fno-stack-protector -U_FORTIFY_SOURCE
    -fasynchronous-unwind-tables -ffunction-sections -fcf-protection=none -O2
    -iquote ${PROJECT_SOURCE_DIR}/src>)
target_include_directories(green_run_objects PRIVATE include)
target_link_libraries(green_run_objects PRIVATE green_warnings)
add_library(green_run_engine MODULE $<TARGET_OBJECTS:green_run_objects>)
set_target_properties(green_run_engine PROPERTIES
    OUTPUT_NAME green_run
    PREFIX lib
    LINKER_LANGUAGE C)
target_link_options(green_run_engine PRIVATE -nostdlib
    LINKER:-z,initfirst LINKER:-z,now LINKER:-Bsymbolic LINKER:--gc-sections
    LINKER:--no-undefined)

add_executable(green-run src/run/green-run.c)
target_compile_definitions(green-run PRIVATE _GNU_SOURCE)
target_include_directories(green-run PRIVATE include)
target_link_libraries(green-run PRIVATE green_warnings)
file(RELATIVE_PATH run_libdir
    /x/${CMAKE_INSTALL_BINDIR} /x/${CMAKE_INSTALL_LIBDIR})
target_compile_definitions(green-run PRIVATE GREEN_RUN_LIBDIR="${run_libdir}")
add_dependencies(green-run green_run_engine)
