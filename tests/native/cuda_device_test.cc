// Owners of CUDA's things, and what is said when CUDA fails, on the double of CUDA.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cuda/device.h"
#include "cuda/error.h"
#include "cuda/graph.h"
#include "cuda/mask.h"
#include "cuda/memory.h"
#include "cuda/preprocess.h"
#include "cuda/stream.h"
#include "doubles/control.h"
#include "frame/error.h"
#include "mask_fixture.h"
#include "picture_fixture.h"

namespace samwire {
namespace {

using cuda::DeviceMemory;
using cuda::HostMemory;

class CudaDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override { doubles::reset(); }
  void TearDown() override {
    EXPECT_TRUE(doubles::live().empty());
    EXPECT_TRUE(doubles::misuse().empty());
    EXPECT_EQ(cuda::memory_stats().device_bytes, 0U);
    EXPECT_EQ(cuda::memory_stats().host_bytes, 0U);
    doubles::reset();
  }

  // Code and message of what `run` throws.
  static std::pair<std::string, std::string> error_of(const std::function<void()>& run) {
    try {
      run();
    } catch (const Error& error) {
      return {error.code(), error.what()};
    }
    return {"none", ""};
  }
};

TEST_F(CudaDeviceTest, AnErrorSaysWhatWasTriedAndWhatCudaCallsIt) {
  const auto [code, message] =
      error_of([] { cuda::check(cudaErrorInvalidValue, "Opening the valve"); });
  EXPECT_EQ(code, "model_failed");
  EXPECT_EQ(message.find("Opening the valve failed: cudaErrorInvalidValue ("), 0U) << message;
  EXPECT_EQ(error_of([] { cuda::check(cudaSuccess, "Nothing"); }).first, "none");
}

TEST_F(CudaDeviceTest, ErrorsThatEndTheProcessAreDeviceFailed) {
  for (const cudaError_t error :
       {cudaErrorIllegalAddress, cudaErrorLaunchFailure, cudaErrorECCUncorrectable,
        cudaErrorLaunchTimeout, cudaErrorMisalignedAddress, cudaErrorUnknown}) {
    EXPECT_TRUE(cuda::is_sticky(error));
    EXPECT_EQ(error_of([&] { cuda::check(error, "Running"); }).first, "device_failed");
  }
  for (const cudaError_t error : {cudaErrorMemoryAllocation, cudaErrorInvalidValue,
                                  cudaErrorInsufficientDriver, cudaErrorNoDevice}) {
    EXPECT_FALSE(cuda::is_sticky(error));
    EXPECT_EQ(error_of([&] { cuda::check(error, "Running"); }).first, "model_failed");
  }
}

TEST_F(CudaDeviceTest, MemoryThatCannotBeHadSaysHowMuchWasFree) {
  doubles::fail("cudaMalloc", 1);
  const auto [code, message] = error_of([] { DeviceMemory memory(12345, "the embeddings"); });
  EXPECT_EQ(code, "model_failed");
  EXPECT_NE(message.find("12345 bytes of device memory for the embeddings"), std::string::npos)
      << message;
  EXPECT_NE(message.find("8192 of 8192 MiB of the device's memory are free"), std::string::npos)
      << message;
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  doubles::fail("cudaHostGetDevicePointer", 1);
  EXPECT_EQ(error_of([] { HostMemory memory(64, true, "results"); }).first, "model_failed");
}

TEST_F(CudaDeviceTest, MemoryIsFreedWithItsOwnerAndMovesWithIt) {
  const std::size_t allocations = cuda::memory_stats().allocations;
  {
    DeviceMemory a(100, "a"), b(200, "b");
    HostMemory c(300, true, "c");
    EXPECT_EQ(c.device(), c.data());  // the double's addresses are one
    EXPECT_EQ(HostMemory(1, false, "d").device(), nullptr);
    EXPECT_EQ(cuda::memory_stats().device_bytes, 300U);
    EXPECT_EQ(cuda::memory_stats().host_bytes, 300U);
    const void* of_b = b.data();
    a = std::move(b);
    EXPECT_EQ(a.data(), of_b);
    DeviceMemory d(std::move(a));
    EXPECT_EQ(d.size_bytes(), 200U);
    EXPECT_EQ(DeviceMemory(0, "nothing").data(), nullptr);
  }
  EXPECT_EQ(cuda::memory_stats().allocations, allocations + 4);
}

TEST_F(CudaDeviceTest, ADeviceIsDescribedAndAMissingOneExplained) {
  std::string why_not;
  doubles::set_device(doubles::DeviceKind::kIntegrated, "Orin");
  const auto device = cuda::find_device(0, why_not);
  ASSERT_TRUE(device) << why_not;
  EXPECT_EQ(device->name, "Orin");
  EXPECT_TRUE(device->integrated);
  EXPECT_EQ(device->major, 8);
  EXPECT_GT(device->memory_bytes, 0U);
  EXPECT_GT(device->driver_version, 11000);
  EXPECT_FALSE(cuda::find_device(1, why_not));
  EXPECT_EQ(why_not, "expected device 1, found 1 GPU: 0");
  EXPECT_FALSE(cuda::find_device(-1, why_not));
  doubles::set_device(doubles::DeviceKind::kNone);
  EXPECT_FALSE(cuda::find_device(0, why_not));
  EXPECT_EQ(why_not, "no GPU");
  doubles::set_device(doubles::DeviceKind::kNoDriver);
  EXPECT_FALSE(cuda::find_device(0, why_not));
  EXPECT_EQ(why_not.find("no CUDA driver: "), 0U) << why_not;
  EXPECT_EQ(error_of([] { cuda::use_device(0); }).first, "model_failed");
}

TEST_F(CudaDeviceTest, StreamsWaitForEachOthersEvents) {
  cuda::use_device(0);
  const cuda::Stream first(cuda::Priority::kLow), second(cuda::Priority::kHigh);
  cuda::Event done(false);
  DeviceMemory memory(64, "a test");
  HostMemory result(64, false, "a test");
  cuda::check(cudaMemsetAsync(memory.data(), 7, 64, first.get()), "Filling");
  done.record(first);
  done.wait_on(second);
  cuda::check(
      cudaMemcpyAsync(result.data(), memory.data(), 64, cudaMemcpyDeviceToHost, second.get()),
      "Copying");
  second.synchronize();
  EXPECT_EQ(result.data<char>()[63], 7);
  cuda::Event begin(true), end(true);
  begin.record(second);
  end.record(second);
  end.synchronize();
  EXPECT_GE(end.elapsed_ms_since(begin), 0);
}

TEST_F(CudaDeviceTest, AGraphRunsWhatWasRecordedAsOftenAsItIsLaunched) {
  const cuda::Stream stream(cuda::Priority::kHigh);
  DeviceMemory memory(4, "a test");
  HostMemory result(4, false, "a test");
  result.data<char>()[0] = 1;
  const cuda::Graph graph = cuda::Graph::record(stream, [&] {
    cuda::check(cudaMemsetAsync(memory.data(), 9, 4, stream.get()), "Filling");
    cuda::check(
        cudaMemcpyAsync(result.data(), memory.data(), 4, cudaMemcpyDeviceToHost, stream.get()),
        "Copying");
  });
  ASSERT_TRUE(graph);
  EXPECT_FALSE(cuda::Graph());
  stream.synchronize();
  EXPECT_EQ(result.data<char>()[0], 1);
  for (int i = 0; i < 2; ++i) {
    result.data<char>()[0] = 1;
    graph.launch(stream);
    stream.synchronize();
    EXPECT_EQ(result.data<char>()[0], 9);
  }
}

TEST_F(CudaDeviceTest, AFailedRecordingLeavesTheStreamRunning) {
  const cuda::Stream stream(cuda::Priority::kHigh);
  DeviceMemory memory(4, "a test");
  const auto fill = [&] {
    cuda::check(cudaMemsetAsync(memory.data(), 9, 4, stream.get()), "Filling");
  };
  EXPECT_EQ(error_of([&] {
              cuda::Graph::record(stream, [] { throw Error("overloaded", "busy"); });
            }).first,
            "overloaded");
  for (const char* function :
       {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiateWithFlags"}) {
    doubles::fail(function, 1, cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(error_of([&] { cuda::Graph::record(stream, fill); }).first, "model_failed");
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  }
  fill();
  stream.synchronize();
  EXPECT_TRUE(cuda::Graph::record(stream, fill));
}

// Whatever allocation fails, nothing is lost and nothing is too small afterwards.
TEST_F(CudaDeviceTest, MasksAndTensorsAreMadeAfterAnyAllocationFailed) {
  image_testing::Random random(3);
  const image_testing::Picture picture =
      image_testing::picture(PixelFormat::kNV12, 700, 90, random);
  const ImageSpec image = image_testing::levels(16, 8, Fit::kStretch, Filter::kBicubicAntialias);
  std::vector<float> tensor(3 * 16 * 8);
  const MaskSpec spec = mask_testing::sam_spec(64, 48, 16, 64);
  const std::vector<float> logits(16 * 16, 2), iou{0.5F};
  const cuda::Stream stream(cuda::Priority::kLow);
  for (const bool mapped : {false, true}) {
    for (int nth = 1; nth <= 10; ++nth) {
      cuda::Preprocessor preprocessor;
      cuda::MaskMaker maker(mapped);
      const auto run = [&](int masks) {
        preprocessor.enqueue(picture.view, image, cuda::TensorType::kFloat, tensor.data(),
                             stream.get());
        const std::vector<cuda::MaskTask> tasks(masks);
        maker.enqueue({logits.data(), iou.data(), 1, nullptr, spec, tasks}, stream.get());
        stream.synchronize();
        cuda::DeviceMask mask;
        maker.read(masks - 1, mask);
        EXPECT_EQ(mask.mask.area, 64 * 48);
      };
      doubles::fail("allocation", nth);
      const std::string code = error_of([&] { run(2); }).first;
      EXPECT_EQ(code, nth <= (mapped ? 8 : 9) ? "model_failed" : "none") << nth;
      run(2);
      if (code == "none") doubles::reset();
      doubles::fail("allocation", nth);
      error_of([&] { run(5); });
      run(5);
      doubles::reset();
    }
  }
}

TEST_F(CudaDeviceTest, ALostDeviceIsSaidByWhoeverUsesItNext) {
  const cuda::Stream stream(cuda::Priority::kLow);
  const std::vector<float> logits(256, 2), iou{0.5F};
  const cuda::MaskTask task;
  cuda::MaskMaker maker(false);
  const auto enqueue = [&] {
    maker.enqueue(
        {logits.data(), iou.data(), 1, nullptr, mask_testing::sam_spec(64, 48, 16, 64), {&task, 1}},
        stream.get());
  };
  enqueue();
  doubles::fail("work", 1, cudaErrorIllegalAddress);
  EXPECT_EQ(error_of([&] { stream.synchronize(); }).first, "device_failed");
  EXPECT_EQ(error_of(enqueue).first, "device_failed");
  EXPECT_EQ(error_of([&] { stream.synchronize(); }).first, "device_failed");
}

}  // namespace
}  // namespace samwire
