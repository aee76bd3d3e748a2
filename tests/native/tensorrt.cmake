set(tensorrt_tests doubles_test.cc tensorrt_builder_test.cc tensorrt_engine_test.cc tensorrt_library_test.cc)
add_executable(device_tests
  cuda_device_test.cc
  cuda_mask_test.cc
  cuda_preprocess_test.cc
  tensorrt_failure_test.cc
  tensorrt_parts_test.cc
  tensorrt_segmenter_test.cc
  ${tensorrt_tests}
)
target_link_libraries(device_tests PRIVATE device GTest::gtest GTest::gtest_main)
target_compile_options(device_tests PRIVATE -O0)
# Two pieces, for two cores.
set_target_properties(device_tests PROPERTIES UNITY_BUILD_BATCH_SIZE 5)

# The addon on the doubles, for tests from TypeScript (double-package.ts). Node's headers come from npm, so cmake-js is
# not needed.
set(node_headers ${PROJECT_SOURCE_DIR}/node_modules/node-api-headers/include)
if(EXISTS ${node_headers} AND EXISTS ${PROJECT_SOURCE_DIR}/node_modules/node-addon-api)
  samwire_add_addon(addon_double ${CMAKE_BINARY_DIR}/double ${node_headers})
  # Each file of the binding has the same names. Two thirds of what it takes to compile is this header.
  set_target_properties(addon_double PROPERTIES UNITY_BUILD OFF)
  target_precompile_headers(addon_double PRIVATE <napi.h>)
  # It hands over what core and device compute.
  target_compile_options(addon_double PRIVATE -O0)
else()
  message(STATUS "Samwire: no node_modules here (npm ci); the addon on the double of TensorRT is not built")
endif()

# Sanitizers look at one version, the others differ in native/tensorrt/builder.cc alone; and at two processes, since
# each takes a second and a half to begin and end with them.
if(SAMWIRE_SANITIZE)
  add_test(NAME device_tests.kernels COMMAND device_tests --gtest_filter=Cuda*)
  add_test(NAME device_tests.runtime COMMAND device_tests --gtest_filter=-Cuda*)
  set_tests_properties(device_tests.kernels device_tests.runtime PROPERTIES TIMEOUT 300
    ENVIRONMENT "${quick_asan}")
  # For `npm run test:memory` alone.
  if(TARGET addon_double)
    set_target_properties(addon_double PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  return()
endif()
gtest_discover_tests(device_tests DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)

foreach(major 8 11)
  samwire_add_device(device_${major} double_tensorrt_${major})
  add_executable(device_tests_${major} ${tensorrt_tests})
  # Compiled to be checked, not to be fast.
  target_compile_options(device_${major} PRIVATE -O0)
  target_compile_options(device_tests_${major} PRIVATE -O0)
  target_link_libraries(device_tests_${major} PRIVATE device_${major} GTest::gtest GTest::gtest_main)
  gtest_discover_tests(device_tests_${major} TEST_PREFIX "TensorRT${major}." DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300)
endforeach()

# Compiling is the test: the doubles' interface, and the real one's where it is, are what
# tensorrt_interface_check.cc says.
function(samwire_add_interface_check name)
  add_library(${name} OBJECT tensorrt_interface_check.cc)
  target_link_libraries(${name} PRIVATE samwire_flags)
  target_include_directories(${name} SYSTEM PRIVATE ${ARGN})
endfunction()

set(doubles ${CMAKE_CURRENT_SOURCE_DIR}/doubles)
foreach(major 8 10 11)
  samwire_add_interface_check(interface_of_double_${major} ${doubles}/tensorrt ${doubles}/cuda)
  target_compile_definitions(interface_of_double_${major} PRIVATE SAMWIRE_DOUBLE_TENSORRT=${major})
endforeach()

# samwire_compile_natively(NAME PROPERTY FOLDERS...): sources of native/ against real headers, and no further.
function(samwire_compile_natively name property)
  get_property(sources GLOBAL PROPERTY ${property})
  add_library(${name} OBJECT ${sources})
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${name} PRIVATE samwire_flags)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/native)
  target_include_directories(${name} SYSTEM PRIVATE ${ARGN})
endfunction()

if(CUDA_INCLUDE_DIR)
  samwire_add_interface_check(interface_of_cuda ${doubles}/tensorrt ${CUDA_INCLUDE_DIR})
  samwire_compile_natively(cuda_of_toolkit samwire_cuda_sources ${CUDA_INCLUDE_DIR})
else()
  message(STATUS "Samwire: no cuda_runtime_api.h here; CUDA's double is held to its description alone")
endif()
if(TENSORRT_VERSION AND CUDA_INCLUDE_DIR)
  message(STATUS "Samwire: TensorRT ${TENSORRT_VERSION} is here: its headers are checked, and native/ compiled with them")
  samwire_add_interface_check(interface_of_tensorrt ${TENSORRT_INCLUDE_DIRS} ${CUDA_INCLUDE_DIR})
  samwire_compile_natively(device_of_sdk samwire_tensorrt_sources ${TENSORRT_INCLUDE_DIRS} ${CUDA_INCLUDE_DIR})
else()
  message(STATUS "Samwire: no TensorRT SDK here; its double is held to its description alone: ${missing}")
endif()

# The binding sees no header of TensorRT: addons on other versions are its objects, linked with another device.
if(TARGET addon_double)
  foreach(major 8 11)
    samwire_link_addon(addon_double_${major} ${CMAKE_BINARY_DIR}/double-${major} device_${major}
      $<TARGET_OBJECTS:addon_double>)
  endforeach()
endif()
