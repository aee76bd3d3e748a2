#include <NvInferVersion.h>
#include <dlfcn.h>

#include "tensorrt/library.h"
#include "tensorrt/library_search.h"
#include "tensorrt_fixture.h"

namespace samwire::tensorrt_testing {
namespace {

// The doubles' libraries under names of our choice.
class TensorrtLibrary : public TensorrtTest {
 protected:
  void SetUp() override {
    TensorrtTest::SetUp();
    require_library();
    const std::string name = "libnvinfer.so." + std::to_string(NV_TENSORRT_MAJOR);
    void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    ASSERT_NE(handle, nullptr);
    Dl_info info{};
    ASSERT_NE(dladdr(dlsym(handle, "getInferLibVersion"), &info), 0);
    double_path = info.dli_fname;
    dlclose(handle);
  }

  void place_double(int major) {
    std::filesystem::copy_file(double_path, folder + "/libnvinfer.so." + std::to_string(major));
  }
  FoundLibrary find(int major, int minor) {
    return find_libnvinfer(
        {major, minor, std::to_string(major) + "." + std::to_string(minor) + ".0", folder});
  }

  std::string double_path;
};

TEST_F(TensorrtLibrary, IsOpenedOnceAndTellsBothVersions) {
  EXPECT_EQ(library().compiled.rfind(std::to_string(NV_TENSORRT_MAJOR) + ".", 0), 0U);
  EXPECT_EQ(library().loaded, library().compiled);
  EXPECT_EQ(library().problem, "");
  EXPECT_EQ(library().piece, "");
  EXPECT_EQ(&library(), &library());
}

TEST_F(TensorrtLibrary, OwnSymbolsAreHiddenFromOtherLibraries) {
  for (const char* name : {"createInferRuntime_INTERNAL", "createInferBuilder_INTERNAL",
                           "getInferLibVersion", "createNvOnnxParser_INTERNAL"}) {
    EXPECT_EQ(dlsym(RTLD_DEFAULT, name), nullptr) << name;
  }
}

TEST_F(TensorrtLibrary, ThatIsNowhereIsNamedWithTheSystemsReason) {
  const FoundLibrary found = find(42, 0);
  EXPECT_EQ(found.handle, nullptr);
  EXPECT_EQ(found.piece, "library");
  EXPECT_EQ(found.problem.substr(0, 70),
            "This build is for TensorRT 42 (42.0.0), which can't be opened: libnvin");
}

TEST_F(TensorrtLibrary, ThatCantBeLoadedIsNamedWithTheSystemsReason) {
  write(folder + "/libnvinfer.so.42", "no library");
  const FoundLibrary found = find(42, 0);
  EXPECT_EQ(found.piece, "library");
  EXPECT_NE(found.problem.find(folder + "/libnvinfer.so.42: "), std::string::npos) << found.problem;
}

TEST_F(TensorrtLibrary, OfAnotherMajorIsRefusedByName) {
  place_double(43);
  place_double(41);
  const FoundLibrary found = find(42, 1);
  EXPECT_EQ(found.handle, nullptr);
  EXPECT_EQ(found.piece, "major");
  EXPECT_EQ(found.problem,
            "This build is for TensorRT 42 (42.1.0); this machine has TensorRT 43 and 41: rebuild "
            "with `bash scripts/setup.sh`");
}

TEST_F(TensorrtLibrary, OfAnotherMajorUnderAFalseNameIsRefused) {
  place_double(42);
  const FoundLibrary found = find(42, 0);
  EXPECT_EQ(found.handle, nullptr);
  EXPECT_EQ(found.piece, "major");
  EXPECT_EQ(found.problem, "This build is for TensorRT 42 (42.0.0); this machine has TensorRT " +
                               library().loaded + ": rebuild with `bash scripts/setup.sh`");
}

TEST_F(TensorrtLibrary, WithAnOlderMinorIsRefusedAndANewerOneTaken) {
  const int major = NV_TENSORRT_MAJOR, minor = NV_TENSORRT_MINOR;
  place_double(major);
  const FoundLibrary older = find(major, minor + 1);
  EXPECT_EQ(older.handle, nullptr);
  EXPECT_EQ(older.piece, "library");
  const std::string wanted = std::to_string(major) + "." + std::to_string(minor + 1) + ".0";
  EXPECT_EQ(older.problem, "This build is for TensorRT " + std::to_string(major) + " (" + wanted +
                               "); this machine has TensorRT " + library().loaded +
                               ", which is older and lacks functions that it calls: rebuild with "
                               "`bash scripts/setup.sh`");
  const FoundLibrary newer = find(major, minor - 1);
  EXPECT_NE(newer.handle, nullptr);
  EXPECT_EQ(newer.version, library().loaded);
  EXPECT_EQ(newer.problem, "");
  dlclose(newer.handle);
}

TEST_F(TensorrtLibrary, WithoutItsParserSaysWhichPackageIsMissing) {
  const FoundLibrary found = find_libnvonnxparser({42, 0, "42.0.0", folder});
  EXPECT_EQ(found.handle, nullptr);
  EXPECT_NE(found.problem.find("package libnvonnxparsers42"), std::string::npos) << found.problem;
}

}  // namespace
}  // namespace samwire::tensorrt_testing
