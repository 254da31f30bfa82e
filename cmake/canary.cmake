# SPDX-License-Identifier: MIT
# GREEN_CANARY: a patched copy of one file stands in its place.
set(canary ${PROJECT_SOURCE_DIR}/tests/canaries/${GREEN_CANARY}.patch)
file(STRINGS ${canary} canary_file REGEX "^[+][+][+] b/")
string(REGEX REPLACE "^[+][+][+] b/" "" canary_file "${canary_file}")
set(canary_copy ${PROJECT_BINARY_DIR}/canary/${GREEN_CANARY}.c)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/canary)
execute_process(COMMAND patch -s -r - -o ${canary_copy}
    ${PROJECT_SOURCE_DIR}/${canary_file} ${canary} COMMAND_ERROR_IS_FATAL ANY)
list(TRANSFORM sources REPLACE "^${canary_file}$" ${canary_copy})
set_source_files_properties(${canary_copy} PROPERTIES
    COMPILE_OPTIONS "-iquote;${PROJECT_SOURCE_DIR}/src")
message(WARNING "The library has the bug \"${GREEN_CANARY}\"")
