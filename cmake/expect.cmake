# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=… -DOUTPUT=… -P expect.cmake: the program must succeed and
# print exactly what the file OUTPUT holds.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE got RESULT_VARIABLE result)
file(READ ${OUTPUT} expected)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ended with ${result}, having printed:\n${got}")
endif()
if(NOT got STREQUAL expected)
    message(FATAL_ERROR "${PROGRAM} printed:\n${got}\nbut ${OUTPUT} says:\n${expected}")
endif()
