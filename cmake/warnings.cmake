# SPDX-License-Identifier: MIT
# The warnings that the library, its tests and its programs are clean under.
set(warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla
    -Wundef -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith
    -Wformat=2 -Wimplicit-fallthrough -Wdouble-promotion -Wnull-dereference
    -Wredundant-decls)
if(GREEN_WERROR)
    list(APPEND warnings -Werror)
endif()

add_library(green_warnings INTERFACE)
target_compile_options(green_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C>:${warnings}>)
