# SPDX-License-Identifier: MIT
# The warnings that the library, its tests and its programs are clean under.
# -Wframe-larger-than matters more than usual here: stacks are small.
set(warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla
    -Wundef -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith
    -Wformat=2 -Wimplicit-fallthrough -Wdouble-promotion -Wnull-dereference
    -Wredundant-decls)
# Sanitizers enlarge every frame.
if(NOT GREEN_SANITIZE)
    list(APPEND warnings -Wframe-larger-than=2048)
endif()
if(GREEN_WERROR)
    list(APPEND warnings -Werror)
endif()

add_library(green_warnings INTERFACE)
target_compile_options(green_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C>:${warnings}>)
