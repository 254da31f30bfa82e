# SPDX-License-Identifier: MIT
# GREEN_COVERAGE: lines and branches of src/ are counted; tools/coverage shows them.
# Tests and examples are not counted, and the engine of green-run cannot be: the
# counters are written by libc, and it stands below libc.
set(coverage_options --coverage -fprofile-update=atomic -fprofile-abs-path)
target_compile_options(green_objects PRIVATE ${coverage_options})
target_sources(green_objects PRIVATE tests/coverage.c)
foreach(objects green_patch_objects green_patch_originals green_patch_wrapped)
    if(TARGET ${objects})
        target_compile_options(${objects} PRIVATE
            $<$<COMPILE_LANGUAGE:C>:${coverage_options}>)
    endif()
endforeach()
if(TARGET green-run)
    target_compile_options(green-run PRIVATE ${coverage_options})
endif()
